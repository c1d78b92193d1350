# SPDX-License-Identifier: GPL-2.0-or-later
"""One run of one case against one daemon: with a clock, under a counter of system calls, or under callgrind."""
import json
import os
import shutil
import signal
import subprocess

from stores.says import StoreError

from .counters import CallgrindCounter, SyscallCounter, callgrind_total, callgrind_words, callgrind_words_later
from .rows import WITH_DOMAINS

RUN_SECONDS = 300          # nothing takes longer
SYSCALL_OPS = 2000
INSTRUCTION_OPS = (200, 1200)
DOMAINS = 3000             # for the cases that need them


class Bench:
    """Where programs are and on which CPUs they run."""

    def __init__(self, build, cpus, seconds):
        self.load = build / "tests/bench/bench-load"
        self.daemon_cpu, self.load_cpu = cpus
        self.seconds = seconds

    def _load_command(self, running, case, **options):
        words = [self.load, "--socket", running.socket, "--case", case]
        if running.daemon.is_floor:
            words.append("--floor")
        for name, value in options.items():
            words += [f"--{name}"] if value is True else [f"--{name}", value]
        return [str(word) for word in words]

    def _start_load(self, words):
        return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, preexec_fn=lambda: os.sched_setaffinity(0, {self.load_cpu}))

    @staticmethod
    def _result(load):
        try:
            out, err = load.communicate(timeout=RUN_SECONDS)
        except subprocess.TimeoutExpired:
            load.kill()
            load.communicate()
            raise StoreError(f"the load generator took more than {RUN_SECONDS} s") from None
        if load.returncode != 0:
            raise StoreError(err.strip() or f"the load generator ended with status {load.returncode}")
        return json.loads(out.splitlines()[-1])

    def timed(self, daemon, case, n=None, ops=None):
        """Wall time, daemon CPU, latencies, memory: what bench-load prints, as a dict."""
        options = {"seconds": self.seconds}
        if n:
            options["n"] = n
        if ops:
            options["ops"] = ops
        with daemon.running(self.daemon_cpu) as running:
            options.update(self._domains(running, case, n))
            return self._result(self._start_load(self._load_command(running, case, pid=running.pid, **options)))

    @staticmethod
    def _domains(running, case, n):
        """Makes those that the case needs, and says to the load generator where they are named."""
        if case not in WITH_DOMAINS:
            return {}
        running.host.create_many((n or DOMAINS) + WITH_DOMAINS[case], running.folder / "domains")
        return {"domains": running.folder / "domains"}

    def syscalls(self, daemon, case):
        """System calls of the daemon per operation, counted by the kernel's tracepoint or else by strace."""
        with daemon.running(self.daemon_cpu) as running:
            load = self._start_load(self._load_command(running, case, ops=SYSCALL_OPS, pause=True))
            try:
                self._expect(load, "ready")
                counter = SyscallCounter(running)
                load.stdin.write("go\n")
                load.stdin.flush()
                self._expect(load, "done")
                total = counter.stop()
            except BaseException:
                load.kill()
                load.communicate()
                raise
            result = self._result_after(load)
        # The warm-up belongs to what was counted.
        return {"syscalls": total / (result["ops"] + result["warm_ops"]), "method": counter.method}

    @staticmethod
    def _result_after(load):
        out, err = load.communicate("on\n", timeout=RUN_SECONDS)
        if load.returncode != 0:
            raise StoreError(err.strip())
        return json.loads(out.splitlines()[-1])

    @staticmethod
    def _expect(load, word):
        line = load.stdout.readline().strip()
        if line != word:
            load.kill()
            raise StoreError(load.communicate()[1].strip() or f"the load generator said {line!r}, not {word!r}")

    def instructions(self, daemon, case, n=None):
        """Instructions in user space per operation: the difference of two runs under callgrind, so start-up cancels."""
        totals = [self._callgrind(daemon, case, ops, n) for ops in INSTRUCTION_OPS]
        return {"instructions": (totals[1] - totals[0]) / (INSTRUCTION_OPS[1] - INSTRUCTION_OPS[0])}

    def instructions_of_many(self, daemon, case, n):
        """The same where setting up differs from run to run by more than an operation costs: it is not counted at all."""
        with daemon.running(self.daemon_cpu, wrapper=callgrind_words_later) as running:
            load = self._start_load(self._load_command(running, case, ops=INSTRUCTION_OPS[1], n=n, pause=True,
                                                       **self._domains(running, case, n)))
            try:
                self._expect(load, "ready")
                counter = CallgrindCounter(running)
                load.stdin.write("go\n")
                load.stdin.flush()
                self._expect(load, "done")
                total = counter.stop()
            except BaseException:
                load.kill()
                load.communicate()
                raise
            result = self._result_after(load)
        return total / (result["ops"] + result["warm_ops"])

    def _callgrind(self, daemon, case, ops, n):
        if not shutil.which("valgrind"):
            raise StoreError("instructions are counted by valgrind, which is not installed")
        with daemon.running(self.daemon_cpu, wrapper=callgrind_words) as running:
            options = {"ops": ops, **({"n": n} if n else {}), **self._domains(running, case, n)}
            self._result(self._start_load(self._load_command(running, case, **options)))
            os.kill(running.pid, signal.SIGTERM)
            running.process.wait(60)
            total = callgrind_total(running.folder)
        return total
