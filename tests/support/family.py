"""family — the processes of one `thumbline run`, and the folder of their sockets.

Why it exists: a run must leave neither a process nor a socket file behind, however it ends.
To see that, its processes have to be known while they live and waited for when they die;
waiting is for the kernel's word (a pidfd), not for time.
"""

import os
import pathlib
import select
import shutil
import signal
import tempfile
import time

from flow import DEADLINE


def argv0(pid):
    """What the process was started as; "" if it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
    except OSError:
        return ""


def children(pid):
    try:
        return [int(c) for c in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class Family:
    """A run, its three programs and its helpers. Descriptors of them are kept, so that a
    number that is used again cannot be taken for one of them."""

    def __init__(self, run):
        self.run = run
        self.known = {}  # pid -> pidfd

    def close(self):
        for fd in self.known.values():
            os.close(fd)

    def member(self, name):
        """The pid of its sink, worker or ventilator."""
        end = time.monotonic() + DEADLINE
        found = []
        # In the middle of an exec a process has no name yet, and nobody tells when it has.
        while not found and time.monotonic() < end and self.run.is_running():
            os.sched_yield()
            found = [c for c in children(self.run.pid) if argv0(c) == f"thumbline-{name}"]
        assert len(found) == 1, f"{len(found)} of thumbline-{name} run"
        self.know(found[0])
        return found[0]

    def helpers(self):
        return [c for c in children(self.member("worker")) if argv0(c) == "thumbline-shrink"]

    def know(self, pid):
        if pid not in self.known:
            try:
                self.known[pid] = os.pidfd_open(pid)
            except ProcessLookupError:
                pass  # it has ended since it was found

    def meet_all(self):
        """Know everybody who is there now; returns their pids, the launcher's first."""
        found = [self.run.pid]
        for pid in found:
            self.know(pid)
            found += children(pid)
        return found

    def kill(self, name):
        """kill -9, and wait until it is gone."""
        pid = self.member(name)
        signal.pidfd_send_signal(self.known[pid], signal.SIGKILL)
        self.wait_gone(pid)

    def kill_all(self):
        for pid in self.meet_all():
            if pid in self.known:
                signal.pidfd_send_signal(self.known[pid], signal.SIGKILL)
        self.wait_all_gone()

    def wait_gone(self, pid, deadline=DEADLINE):
        ready, _, _ = select.select([self.known[pid]], [], [], deadline)
        assert ready, f"process {pid} ({argv0(pid)}) is still there"

    def wait_all_gone(self, deadline=DEADLINE):
        for pid in self.known:
            self.wait_gone(pid, deadline)


class Place:
    """A runtime folder of the test's own, as short as ipc wants it."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="tl-"))
        clean = {k: v for k, v in os.environ.items() if not k.startswith("THUMBLINE_")}
        self.environment = {**clean, "XDG_RUNTIME_DIR": str(self.path)}

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)

    def folders(self):
        return sorted(p.name for p in self.path.iterdir())
