# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of the sweep about pools: one domain is taken while a step of the pool is spoilt, and each step of its whole life is its last."""
import errno
import json
import os
import subprocess
import time
from pathlib import Path

import host as hosts

SIZE = 2
CONFIG = """
name = "swept"
type = "pv"
kernel = "{kernel}"
memory = 4
extra = "hello ready"
"""


class Pooled:
    """On the host of a sweep."""

    def __init__(self, sweep):
        self.sweep = sweep
        self.config = Path("/run/xen/pooled.cfg")
        self.config.write_text(CONFIG.format(kernel=sweep.options.build / "tests/guest/guest"), encoding="ascii")
        self.log = open("/run/xen/pooled.log", "ab")    # pylint: disable=consider-using-with
        self.process = None
        # Its files are no leftovers of a creation.
        sweep.before["files"] |= {str(self.config), self.log.name}

    # --- the pool's process ---

    def start(self, environment):
        """Without a word about when it is ready."""
        self.process = subprocess.Popen(    # pylint: disable=consider-using-with
            [self.sweep.xencreate, "pool", f"--size={SIZE}", "--rate=0", "--settle=0", "--workers=0", "--no-preflight", "--timeout=5",
             self.config], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env={**os.environ, **environment})

    def status(self):
        """What it says of itself; {} if it does not."""
        status, said, _ = self.sweep.plain("pool", "--status", "--json", "swept")
        return json.loads(said) if status == 0 and said.startswith("{") else {}

    def is_full(self):
        """Or dead."""
        return self.process.poll() is not None or self.status().get("ready") == SIZE

    def fill(self):
        """Waits until there is nothing to do any more."""
        return hosts.wait_until(self.is_full)

    def end(self):
        """SIGTERM; the exit status."""
        self.process.terminate()
        try:
            return self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    @staticmethod
    def names():
        """Of the host's domains."""
        said = subprocess.run(["xl", "list"], text=True, check=True, capture_output=True).stdout
        return [line.split()[0] for line in said.splitlines()[2:]]

    def again(self, problems, given):
        """After a kill: the next process takes over, fills up, gives what it has, and goes in good order."""
        if self.process.poll() is not None:
            self.start({})
        if not self.fill():
            problems.append(f"the pool does not fill up: {self.status()}")
        # Whatever it took over or made is whole: it runs.
        status, said, _ = self.sweep.plain("--from-pool=swept", "--name=whole-%d", "-n", SIZE, "--wait=ready", "--timeout=120", "--json")
        if status:
            problems.append(f"what the pool has does not run: {said.strip()[-300:]}")
        names = self.names()
        if ("taken" in names) != given:
            problems.append(f"given: {given}, but there are {names}")
        self.fill()
        status = self.end()
        if status:
            problems.append(f"the pool ends with status {status}")

    def made(self):
        """Those that again() has taken."""
        return [name for name in self.names() if name.startswith("whole-")]

    # --- what is spoilt ---

    def take(self):
        """(whether a domain was given, what was said)."""
        status, said, _ = self.sweep.plain("--from-pool=swept", "--name=taken", "--timeout=10", "--json")
        return '"event":"created"' in said, f"status {status}: {said.strip()[-300:]}"

    def taken(self, number, action, error):
        """One take, with one step of the pool spoilt."""
        self.start(self.sweep.preload)
        problems = [] if self.fill() and self.process.poll() is None else ["the pool does not come up"]
        time.sleep(0.02)    # the answer about its status is a step, too
        self.sweep.steps.set(number, action, error)
        given, said = self.take()
        self.fill()
        what = self.sweep.steps.seen()[1]
        self.sweep.steps.set(0, hosts.COUNT)
        if given and "taken" not in self.names():
            problems.append(f"it was given, but it is not there: {said}")
        self.again(problems, given)
        if given != ("taken" in self.names()):
            problems.append(f"given: {given}, but there are {self.names()}: {said}")
        name = f"pool: step {number} ({what}) of a take {'is its last' if action == hosts.KILL else 'fails'}"
        self.sweep.clear(name, [*self.made(), *(["taken"] if given else [])], problems, ("files:",) if what == "unlink" else ())

    def killed(self, number):
        """From the beginning to the end, with one step the last."""
        self.sweep.steps.set(number, hosts.KILL)
        self.start(self.sweep.preload)
        self.fill()
        if self.process.poll() is None:
            self.end()
        what = self.sweep.steps.seen()[1]
        self.sweep.steps.set(0, hosts.COUNT)
        problems = []
        if self.process.returncode:
            self.again(problems, False)
        self.sweep.clear(f"pool: killed at step {number} ({what}) of its life", self.made(), problems)

    def run(self):
        """All of it."""
        steps = self.sweep.steps
        steps.set(0, hosts.COUNT)
        self.start(self.sweep.preload)
        self.fill()
        n_filled = steps.seen()[0]
        steps.set(0, hosts.COUNT)
        given, said = self.take()
        self.fill()
        n_taken = steps.seen()[0]
        problems = [] if given else [f"nothing spoilt, and it was not given: {said}"]
        self.again(problems, given)
        self.sweep.clear("pool: nothing spoilt", ["taken", *self.made()], problems)
        self.start(self.sweep.preload)
        self.fill()
        steps.set(0, hosts.COUNT)
        self.end()
        n_life = n_filled + steps.seen()[0]
        print(f"# pool: {n_taken} steps of a take and what follows, {n_life} of a life", flush=True)
        for number in self.sweep.points(n_taken):
            self.taken(number, hosts.KILL, 0)
            self.taken(number, hosts.FAIL, errno.ENOMEM if number % 2 else errno.EIO)
        for number in self.sweep.points(n_life):
            self.killed(number)
