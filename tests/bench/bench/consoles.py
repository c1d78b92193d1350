# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases of the console bench. As a program it runs on the simulated host: some cases, one daemon, for each a line of JSON.

Cases whose domains are the same quiet ones share a host: what a case adds to them, floods and newborns, it destroys."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

DAEMONS = ("ours", "kept", "unlimited", "stock", "floor")
CASES = ("idle", "birth", "flood-1", "flood-100", "flood-all", "latency-0", "latency-1", "latency-10", "latency-100", "unread",
         "restart")
# Those that share a host.
GROUPS = (("idle", "birth", "latency-0", "latency-1", "latency-10", "latency-100", "flood-1", "flood-100", "restart"),
          ("flood-all",), ("unread",))
LOGS = Path("/run/bench-logs")  # a tmpfs: what is measured is the daemon, not a disk
MANAGER = Path("/run/bench-manager")
CONFIG = Path("/run/bench.cfg")
BIRTHS = 20
KILLS = 7
ROUNDS = 5
RATE = 8 << 20  # what ours lets a guest print in a second
SETTLED = "serving all consoles"
PATIENCE = 120
HERE = Path(__file__).resolve().parent


def makes_sense(case, daemon, size):
    """The floor copies rings into files, or echoes for one guest; without a flood a rate limit makes no difference. At most half
    of those there flood, or all.

    "kept" is ours under a service manager that keeps its terminals."""
    number = case.partition("-")[2]
    if number.isdigit() and 2 * int(number) > size:
        return False
    if daemon == "floor":
        return case.startswith(("flood", "latency"))
    if daemon == "kept":
        return case in ("idle", "birth", "restart")
    return daemon != "unlimited" or case.startswith(("flood", "latency"))


def text(figures):
    """A line of the table."""
    if isinstance(figures, str):
        return figures
    return "  ".join(f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items())


class Usage:
    """What a process has used: CPU time of all its threads, wakeups, memory."""

    def __init__(self, pid):
        self.pid = pid

    def cpu_us(self):
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total / 1000

    def wakeups(self):
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(), re.M)[1])
        return total

    def memory_kib(self):
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1])


class Host:
    """The daemons and domains of one run."""

    def __init__(self, task):
        self.task = task
        self.build = Path(task["build"])
        self.console = None
        self.usage = None   # of the daemon
        self.children = []
        self.domids = []

    def start(self, words, **options):
        child = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, **options)
        self.children.append(child)
        return child

    def start_store(self):
        self.start([self.build / "xenstored/xenstored", "--no-fork", "--pid-file=/run/xenstored.pid"], stderr=subprocess.DEVNULL)
        wait_until(lambda: Path("/run/xenstored/socket").exists() and accepts("/run/xenstored/socket"), "the store")

    def start_console(self):
        """Starts the daemon under test; the floor is started when its domains are there."""
        make_logs()
        Path("/run/xen").mkdir(exist_ok=True)
        words = ["-i", "--log=guest", f"--log-dir={LOGS}"]
        if self.task["daemon"] == "stock":
            words = [*Path(self.task["stock"]).glob("usr/lib/xen-*/bin/xenconsoled"), *words]
        else:
            words = [self.build / "xenconsoled/xenconsoled", *words, "--log-size=none"]
            if self.task["daemon"] == "unlimited":
                words.append("--rate-limit=none")
            if self.task["daemon"] == "kept":
                return self.start_kept(words)
        self.console = self.start(words, stderr=subprocess.DEVNULL, preexec_fn=on_cpu(0))
        return Usage(self.console.pid)

    def start_kept(self, words):
        MANAGER.mkdir(exist_ok=True)
        words = [HERE.parents[1] / "manager", MANAGER, *words]
        self.console = self.start(words, stderr=subprocess.DEVNULL, preexec_fn=on_cpu(0))
        wait_until(lambda: (MANAGER / "ready").exists(), "the daemon")
        return Usage(int((MANAGER / "pid").read_text()))

    def start_floor(self, *words):
        make_logs()
        self.console = self.start([self.build / "tests/bench/bench-confloor", *words, LOGS, *self.domids], stdout=subprocess.PIPE,
                                  preexec_fn=on_cpu(0))
        if self.console.stdout.readline() != b"ready\n":
            raise RuntimeError("the floor does not start")
        return Usage(self.console.pid)

    def create(self, n, words, name, in_flight=16):
        """n guests with these words; their domids, and how long each waited for its console, in ms."""
        CONFIG.write_text(f'name = "x"\ntype = "pv"\nkernel = "{self.build}/tests/guest/guest"\ncmdline = "{words}"\n'
                          "memory = 4\nvcpus = 1\n")
        wait = "store" if self.task["daemon"] == "floor" else "console"
        words = [self.build / "xencreate/xencreate", "--no-preflight", "-n", n, f"--name={name}%d", f"--wait={wait}", "--json",
                 f"--max-in-flight={in_flight}", CONFIG]
        result = subprocess.run([str(word) for word in words], text=True, check=False, capture_output=True,
                                stdin=subprocess.DEVNULL, timeout=300)
        events = [json.loads(line) for line in result.stdout.splitlines()]
        created = [event for event in events if event["event"] == "created"]
        # Of thousands the stock daemon leaves some without a terminal.
        if len(created) < n * (0.99 if self.task["daemon"] == "stock" else 1):
            raise RuntimeError(f"xencreate: {(result.stderr or result.stdout).strip().splitlines()[-1:]}")
        domids = sorted(event["domid"] for event in created)
        self.domids = sorted(self.domids + domids)
        return domids, sorted(event["stages_us"].get("console", 0) / 1000 for event in created)

    def destroy(self, domids):
        subprocess.run([str(self.build / "xencreate/xencreate"), "destroy", "-q", *map(str, domids)], check=True,
                       stdin=subprocess.DEVNULL, timeout=300)
        self.domids = sorted(set(self.domids) - set(domids))

    def populate(self):
        """As many quiet domains as the task says, the first of which echoes; and the daemon, but for the floor."""
        if self.domids:
            return
        if self.task["daemon"] != "floor":
            self.usage = self.start_console()
        self.create(1, "echo", "echo")
        self.create(self.task["size"] - 1, "", "quiet")

    def end_floor(self):
        self.console.terminate()
        self.console.wait(10)

    def end(self):
        for child in reversed(self.children):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
                try:
                    child.wait(10)
                except subprocess.TimeoutExpired:
                    child.kill()

    def conload(self, *words, **options):
        return subprocess.Popen([str(self.build / "tests/bench/bench-conload"), *map(str, words)], text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **options)


def make_logs():
    """The folder that logs go to."""
    if not LOGS.is_dir():
        LOGS.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8G", "none", str(LOGS)], check=True)


def on_cpu(cpu):
    """For preexec_fn: the daemon has a CPU, everything else may use both."""
    cpus = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cpus[cpu % len(cpus)]})


def accepts(path):
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
        except OSError:
            return False
        return True


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"waited for {what} in vain")
        time.sleep(0.02)


def logged_bytes():
    return sum(entry.stat().st_size for entry in os.scandir(LOGS))


def settle(usage):
    """Until the daemon has nothing left to do."""
    before = -1.0
    while before != (before := usage.cpu_us()):
        time.sleep(0.3)


def idle(host, seconds):
    host.populate()
    usage = host.usage
    settle(usage)
    cpu, wakeups = usage.cpu_us(), usage.wakeups()
    time.sleep(seconds)
    return {"wakeups/s": (usage.wakeups() - wakeups) / seconds, "CPU us/s": (usage.cpu_us() - cpu) / seconds,
            "KiB": usage.memory_kib()}


def birth(host, _seconds):
    host.populate()
    usage = host.usage
    settle(usage)
    cpu = usage.cpu_us()
    new, times = host.create(BIRTHS, "", "born", in_flight=1)
    born = (usage.cpu_us() - cpu) / BIRTHS
    settle(usage)
    cpu = usage.cpu_us()
    host.destroy(new)
    settle(usage)
    return {"birth CPU us": born, "death CPU us": (usage.cpu_us() - cpu) / BIRTHS, "tty ms p50": times[len(times) // 2],
            "tty ms max": times[-1]}


def flood(host, seconds, n):
    """n floods beside the quiet ones; 0: nobody is quiet, all flood."""
    floor = host.task["daemon"] == "floor"
    if n:
        host.populate()
    elif not floor:
        host.usage = host.start_console()
    loud, _ = host.create(n or host.task["size"], "flood-console", "loud")
    usage = host.start_floor() if floor else host.usage
    time.sleep(0.5)
    cpu, size_bytes, begin = usage.cpu_us(), logged_bytes(), time.monotonic()
    time.sleep(seconds)
    n_bytes, took = logged_bytes() - size_bytes, time.monotonic() - begin
    cpu = usage.cpu_us() - cpu
    if floor:
        host.end_floor()
    host.destroy(loud)
    return {"MB/s": n_bytes / took / 1e6, "CPU ns/byte": 1000 * cpu / max(n_bytes, 1), "CPU %": cpu / took / 1e4}


def latency(host, seconds, n):
    """Of several rounds the least and the middle one: others on the machine only add. The floor is held to the same rate as
    ours is: the load is the same."""
    floor = host.task["daemon"] == "floor"
    host.populate()
    quiet = host.domids[0]
    loud = host.create(n, "flood-console", "loud")[0] if n else []
    usage = host.start_floor("--echo", quiet, "--rate", RATE) if floor else host.usage
    time.sleep(0.5)
    size_bytes, cpu, begin = logged_bytes(), usage.cpu_us(), time.monotonic()
    rounds = []
    for _ in range(ROUNDS):
        out, _ = host.conload("echo", quiet, seconds / ROUNDS).communicate(timeout=60)
        rounds.append(json.loads(out))
    n_bytes, took = logged_bytes() - size_bytes, time.monotonic() - begin
    cpu = usage.cpu_us() - cpu
    if floor:
        host.end_floor()
    if loud:
        host.destroy(loud)
    got = {f"us {name} {word}": sorted(one[name] for one in rounds)[at] / 1000
           for name in ("p50", "p99") for word, at in (("min", 0), ("median", ROUNDS // 2))}
    return got | {"us max": max(one["max"] for one in rounds) / 1000, "n": sum(one["n"] for one in rounds),
                  "MB/s beside": n_bytes / took / 1e6, "CPU %": cpu / took / 1e4}


def unread(host, seconds):
    usage = host.start_console()
    host.create(host.task["size"], "flood-console", "loud")
    time.sleep(2 * seconds)
    return {"KiB": usage.memory_kib(), "log MB": logged_bytes() / 1e6}


def ttys(host):
    out = subprocess.run([str(host.build / "xenconsoled/xenconsoled"), "--stats"], text=True, check=True, capture_output=True).stdout
    return re.findall(r"^ *\d+ event .*?(/dev/pts/\d+)", out, re.M)


def restart_kept(host, usage):
    """From the kill until all consoles are served again, by the same terminals; and what of it was what."""
    before, old = ttys(host), usage.pid
    killed = time.monotonic()
    n_before = len(ready_lines())
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: len(ready_lines()) > n_before, "the next daemon")
    pid, ready = ready_lines()[-1].split()
    usage = Usage(int(pid))
    cpu = usage.cpu_us()
    wait_until(lambda: said(pid, SETTLED), "the rest")
    cpu_settled = usage.cpu_us()
    if len(before) != len(host.domids) or ttys(host) != before:
        raise RuntimeError("terminals have changed")
    settle(usage)
    return usage, {"ms": (float(ready) - killed) * 1000, "CPU ms": cpu / 1000, "end ms": (said(old, "ended") - killed) * 1000,
                   "settled ms": (said(pid, SETTLED) - killed) * 1000, "settled CPU ms": cpu_settled / 1000}


def said(pid, text):
    """When the daemon said so to its manager; None: not yet."""
    for line in (MANAGER / "said").read_text().splitlines():
        who, when, what = line.split(" ", 2)
        if int(who) == int(pid) and what == text:
            return float(when)
    return None


def ready_lines():
    return (MANAGER / "ready").read_text().splitlines()


def restart_new(host):
    """From the start until all consoles have their new terminals."""
    host.console.kill()
    host.console.wait()
    watcher = host.conload("ttys", len(host.domids))
    watcher.stdout.readline()
    begin = time.monotonic()
    usage = host.start_console()
    out, _ = watcher.communicate(timeout=PATIENCE)
    took = time.monotonic() - begin
    if watcher.returncode:
        raise RuntimeError(f"not all terminals came back: {out}")
    cpu = usage.cpu_us()
    settle(usage)
    return usage, {"ms": took * 1000, "CPU ms": cpu / 1000}


def restart(host, _seconds):
    """Others on the machine only add to the time: the least of several, and the one in the middle."""
    host.populate()
    usage = host.usage
    settle(usage)
    found = []
    for _ in range(KILLS):
        usage, figures = restart_kept(host, usage) if host.task["daemon"] == "kept" else restart_new(host)
        found.append(figures)
    host.usage = usage
    maps = [float(host.conload("maps", *host.domids, preexec_fn=on_cpu(0)).communicate(timeout=60)[0]) for _ in range(3)]
    got = {f"{name} {word}": sorted(one[name] for one in found)[at] for name in found[0] for word, at in (("min", 0), ("median", KILLS // 2))}
    return got | {"maps ms min": min(maps)}


def give_up(*_):
    raise TimeoutError(f"not in {json.loads(sys.argv[1])['limit']} s")


def measure(host, case):
    name, _, number = case.partition("-")
    seconds = host.task["seconds"]
    if name == "flood":
        return flood(host, seconds, 0 if number == "all" else int(number))
    if name == "latency":
        return latency(host, seconds, int(number))
    return {"idle": idle, "birth": birth, "unread": unread, "restart": restart}[name](host, seconds)


def main():
    """One case after the other; after one that fails its host is not what the next one wants."""
    task = json.loads(sys.argv[1])
    signal.signal(signal.SIGALRM, give_up)
    host = Host(task)
    try:
        host.start_store()
        for case in task["cases"]:
            signal.alarm(task["limit"])
            print(json.dumps(measure(host, case)), flush=True)
    finally:
        signal.alarm(0)
        host.end()


if __name__ == "__main__":
    main()
