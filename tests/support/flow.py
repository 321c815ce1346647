"""flow — the real programs in a folder of a test's own, watched by their log events.

Why it exists: flow tests start processes, kill them and look at what is left. They wait
for events (`12:00:01.250 thumbline-sink note run.opened epoch=1`), for exits and for
requests that reach the web, each with a deadline; never for time to pass.

    def test_a_killed_worker_loses_nothing(pipeline, web):
        sink = pipeline.sink()
        worker = pipeline.worker()
        ventilator = pipeline.ventilator(web.links(2000))
        web.wait_for_hits(100)
        worker.kill()
        pipeline.worker()
        assert sink.wait_exit() == 0
        assert pipeline.verdicts() == {"done": 2000}
"""

import collections
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading

import pytest

from web import Web

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("THUMBLINE_BIN", ROOT / "build/debug/bin"))
PEER = ROOT / "tests/support/thumbline_peer.py"
SLOWNESS = float(os.environ.get("THUMBLINE_SLOWNESS", "1"))  # sanitizers, valgrind
DEADLINE = 30 * SLOWNESS

Event = collections.namedtuple("Event", "level name fields text")


def parse_event(line):
    """An Event, or None if the line is not one (a sanitizer's, a library's)."""
    words = line.split()
    if len(words) < 4 or words[0].count(":") != 2:
        return None
    # A colon ends the last field where prose follows.
    fields = dict(word.rstrip(":").split("=", 1) for word in words[4:] if "=" in word)
    return Event(words[2], words[3], fields, line.rstrip())


class Process:
    """A started program; its standard output and error are read as they come."""

    def __init__(self, arguments, **popen):
        self.name = pathlib.Path(arguments[0]).name
        self.changed = threading.Condition()
        self.out = []  # lines of standard output
        self.err = []  # lines of standard error
        self.log = []  # events among them
        self.open = 2  # streams that may still say something
        # If the test itself is killed, so is what it started.
        self.popen = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *map(str, arguments)],
            stdin=popen.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            **popen,
        )
        self.pid = self.popen.pid
        self.readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self.popen.stdout, self.out), (self.popen.stderr, self.err))
        ]
        for reader in self.readers:
            reader.start()

    def _read(self, stream, lines):
        for line in stream:
            with self.changed:
                lines.append(line.rstrip("\n"))
                event = parse_event(line) if lines is self.err else None
                if event:
                    self.log.append(event)
                self.changed.notify_all()
        with self.changed:
            self.open -= 1
            self.changed.notify_all()

    def events(self, name=None, **fields):
        """The events so far of that name and with these fields."""
        wanted = {key: str(value) for key, value in fields.items()}
        with self.changed:
            return [
                event
                for event in self.log
                if name in (None, event.name)
                and wanted.items() <= event.fields.items()
            ]

    def wait_for(self, name, count=1, deadline=DEADLINE, **fields):
        """The count-th event of that name and with these fields; fails if the process
        ends without it."""
        seen = lambda: self.events(name, **fields)
        with self.changed:
            self.changed.wait_for(lambda: len(seen()) >= count or not self.open, deadline)
        if len(seen()) < count:
            self.fail(f"waited for event {count} of {name} {fields}")
        return seen()[count - 1]

    def wait_exit(self, deadline=DEADLINE):
        """The exit status; negative after a signal."""
        try:
            status = self.popen.wait(deadline)
        except subprocess.TimeoutExpired:
            self.fail("it did not end")
        for reader in self.readers:
            reader.join(deadline)
        return status

    def fail(self, why):
        tail = "\n    ".join(self.err[-30:])
        pytest.fail(f"{self.name} (pid {self.pid}): {why}; its last lines:\n    {tail}")

    def is_running(self):
        return self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def interrupt(self):
        self.signal(signal.SIGINT)

    def terminate(self):
        self.signal(signal.SIGTERM)

    def kill(self):
        """kill -9, and wait until it is gone."""
        self.popen.kill()
        return self.popen.wait(DEADLINE)  # its children may still hold its streams

    def children(self):
        """The pids of its children: a worker's helpers, the launcher's three."""
        task = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in task.read_text().split()] if task.exists() else []

    def peak_kib(self):
        """The most memory it has ever held, in KiB; while it runs."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])


class Pipeline:
    """The three programs over ipc in one folder. Extra words go to the program as they
    are and come last, so they win over ours."""

    def __init__(self, folder):
        self.folder = folder  # lists, pictures, the record
        self.output = folder / "images"
        self.record = folder / "run.db"
        self.sockets = pathlib.Path(tempfile.mkdtemp(prefix="tl-"))  # ipc paths are short
        self.processes = []

    def close(self):
        for process in reversed(self.processes):
            process.kill()
        shutil.rmtree(self.sockets, ignore_errors=True)

    def endpoint(self, name):
        return f"ipc://{self.sockets}/{name}"

    def start(self, program, *words, **popen):
        """Any program of ours, with its words."""
        assert (BIN / program).exists(), f"{BIN / program} is not built"
        return self.launch(BIN / program, *words, **popen)

    def launch(self, *words, **popen):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("THUMBLINE_")}
        popen = {"cwd": self.folder, "env": environment, **popen}
        self.processes.append(Process(words, **popen))
        return self.processes[-1]

    def sink(self, *words, record=None, number=""):
        """`number` tells the endpoints of several sinks apart."""
        return self.start(
            "thumbline-sink",
            f"--run={self.endpoint(f'run{number}')}",
            f"--report={self.endpoint(f'report{number}')}",
            f"--record={record or self.record}",
            *words,
        )

    def worker(self, *words, name=None, number=""):
        return self.start(
            "thumbline-worker",
            f"--ventilator={self.endpoint(f'control{number}')}",
            f"--output-root={self.folder}",
            "--allow-net=127.0.0.0/8",
            *([f"--name={name}"] if name else []),
            *words,
        )

    def python_worker(self, name="python", number=""):
        """The worker of thumbline_peer.py."""
        return self.launch(
            PEER,
            f"--ventilator={self.endpoint(f'control{number}')}",
            f"--output-root={self.folder}",
            f"--name={name}",
        )

    def ventilator(self, links, *words, number="", **popen):
        """`links`: a list of links, or the path of a list that exists."""
        return self.start(
            "thumbline-ventilator",
            f"--control={self.endpoint(f'control{number}')}",
            f"--sink={self.endpoint(f'run{number}')}",
            f"--output={self.output}",
            *words,
            self.list(links),
            **popen,
        )

    def run(self, links, *words, **popen):
        """`thumbline run`: all three on one machine."""
        return self.start(
            "thumbline",
            "run",
            f"--output={self.output}",
            f"--record={self.record}",
            "--allow-net=127.0.0.0/8",
            *words,
            self.list(links),
            **popen,
        )

    def list(self, links, name="links.txt"):
        """The path of a list with these links; the same links make the same run."""
        if isinstance(links, (str, pathlib.Path)):
            return links
        path = self.folder / name
        path.write_text("".join(f"{link}\n" for link in links))
        return path

    def sql(self, query, *values, record=None):
        """Rows of the record, which a running sink may be writing."""
        path = f"file:{record or self.record}?mode=ro"
        connection = sqlite3.connect(path, uri=True, timeout=DEADLINE)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def verdicts(self, record=None):
        """How many links have which verdict: {"done": 2, "failed": 1}."""
        query = "select verdict, count(*) from result group by verdict"
        return dict(self.sql(query, record=record))

    def files(self):
        """Names of all files under the output, temporary ones included."""
        paths = self.output.rglob("*") if self.output.exists() else []
        return sorted(str(p.relative_to(self.output)) for p in paths if p.is_file())


@pytest.fixture
def pipeline(tmp_path):
    made = Pipeline(tmp_path)
    yield made
    made.close()


@pytest.fixture
def web():
    with Web() as made:
        yield made
