"""thumbline-sink alone, spoken to by a ventilator and workers made of pyzmq and msgpack."""

# ctest: smoke

import fcntl
import hashlib
import os
import pty
import resource
import signal
import socket
import struct
import subprocess
import termios

import msgpack
import pytest
import zmq
from flow import BIN, DEADLINE
from thumbline_peer import pack, unpack

PENDING, DONE, FAILED, LOST, SKIPPED, DUPLICATE, UNCHANGED, CANCELLED = range(8)
HTTP_4XX, RUN_CANCELLED = 42, 5
BATCH = 256


class Speaker:
    """A ventilator on RUN and a worker on REPORT. Says again what is not answered."""

    def __init__(self, pipeline, instance=1):
        self.context = zmq.Context()
        self.run_socket = self.context.socket(zmq.DEALER)
        self.report_socket = self.context.socket(zmq.PUSH)
        for made, name in ((self.run_socket, "run"), (self.report_socket, "report")):
            made.setsockopt(zmq.LINGER, 0)
            made.setsockopt(zmq.RECONNECT_IVL, 20)
            made.connect(pipeline.endpoint(name))
        self.instance = instance
        self.settled = set()
        self.chain = 0
        self.gap = False

    def close(self):
        self.context.destroy()

    def say(self, name, /, **fields):
        self.run_socket.send(pack(name, **fields))

    def hear(self, seconds):
        """The next message of the sink, or None."""
        if not self.run_socket.poll(seconds * 1000):
            return None, None
        name, fields = unpack(self.run_socket.recv())
        if name == "settled":
            self.settled.update(fields["ids"] or [])
            self.gap |= (fields["prev"] or 0) > self.chain
            self.chain = max(self.chain, fields["last"] or 0)
        return name, fields

    def ask(self, name, answer, /, **fields):
        """Say it until it is answered so."""
        for _ in range(int(DEADLINE)):
            self.say(name, **fields)
            heard, got = self.hear(1)
            while heard not in (answer, None):
                heard, got = self.hear(1)
            if heard:
                return got
        pytest.fail(f"{name} was never answered with {answer}")

    def wait_for(self, wanted):
        """That message; what comes before it may answer what was said twice."""
        while True:
            name, got = self.hear(DEADLINE)
            if name == wanted:
                return got
            if name is None:
                pytest.fail(f"{wanted} never came")

    def open(self, name=b"a run of 16 byte", answer="opened"):
        got = self.ask("open", answer, name=name, title="links.txt", release="1",
                       instance=self.instance)
        self.run, self.epoch = got["run"], got["epoch"]
        return got

    def register(self, first, last):
        """Lines first to last; returns their places."""
        places = []
        for batch, start in enumerate(range(first, last + 1, BATCH), first):
            links = [
                {"line": n, "url": f"http://x.example/{n}.jpg", "name": f"{n}.jpg",
                 "key": hashlib.md5(str(n).encode()).digest()}
                for n in range(start, min(start + BATCH, last + 1))
            ]
            got = self.ask("register", "registered", epoch=self.epoch, batch=batch, links=links)
            places += got["places"]
        return places

    def report(self, link, verdict=DONE, **fields):
        self.report_socket.send(
            pack("report", run=self.run, id=link, worker="snake", attempt=1, verdict=verdict,
                 **fields))

    def wait_settled(self, count):
        """Until so many links have been settled; asks again for what may have been lost."""
        for _ in range(int(DEADLINE)):
            while len(self.settled) < count and self.hear(1)[0]:
                pass
            if len(self.settled) >= count:
                return
            self.chain = 0
            self.ask("sync", "synced", epoch=self.epoch)
        pytest.fail(f"{len(self.settled)} of {count} links were settled")

    def finish(self, lines):
        self.ask("listed", "heard", epoch=self.epoch, lines=lines)
        got = self.ask("end", "complete", epoch=self.epoch)
        self.say("bye", epoch=self.epoch)
        self.hear(0)  # let it leave
        return got


@pytest.fixture
def speaker(pipeline):
    made = Speaker(pipeline)
    yield made
    made.close()


def one_verdict_each(pipeline, links):
    """Every link has exactly one report, and there are no others."""
    assert pipeline.sql(
        "SELECT count(*), count(DISTINCT id), min(id), max(id) FROM report") == [
        (links, links, 1, links)]
    assert pipeline.sql(
        "SELECT count(*) FROM link WHERE id NOT IN (SELECT id FROM report)") == [(0,)]


def test_a_run_from_open_to_bye(pipeline, speaker):
    sink = pipeline.sink()
    sink.wait_for("sink.ready")
    speaker.open()
    places = speaker.register(1, 1000)
    assert [place["id"] for place in places] == list(range(1, 1001))
    assert places[6]["name"] == "7.jpg"
    for link in range(1, 1001):
        if link % 100:
            speaker.report(link, bytes=1000, body=2000, name=f"{link}.jpg")
        else:
            speaker.report(link, FAILED, fault=HTTP_4XX, http=404, detail="gone \x1b[2J")
    speaker.wait_settled(1000)
    assert not speaker.gap
    complete = speaker.finish(1000)
    assert (complete["done"], complete["failed"], complete["pending"]) == (990, 10, None)
    assert sink.wait_exit() == 1
    assert sink.out[0].startswith("Took ")
    assert sink.out[1] == "1000 links: 990 done, 10 failed"
    assert any("http_4xx" in line for line in sink.out)
    assert any(line.startswith("snake ") for line in sink.out)
    assert not sink.events("sink.refused")
    one_verdict_each(pipeline, 1000)
    assert pipeline.sql("PRAGMA journal_mode") == [("wal",)]


def test_killed_again_and_again_it_loses_nothing_and_counts_nothing_twice(pipeline, speaker):
    links, kills = 2000, 5
    sink = pipeline.sink()
    speaker.open()
    speaker.register(1, links)
    for kill in range(kills):
        share = range(1 + kill * links // kills, 1 + (kill + 1) * links // kills)
        for link in share:
            speaker.report(link)
        speaker.wait_settled(len(share) * kill + len(share) // 2)
        sink.kill()  # the other half is somewhere on the way
        sink = pipeline.sink()
        got = speaker.open()
        assert got["links"] == links
        assert got["epoch"] == 1
        speaker.settled.clear()
        speaker.chain = 0
        speaker.ask("sync", "synced", epoch=speaker.epoch)
        on_disk = {link for (link,) in pipeline.sql("SELECT id FROM report")}
        assert speaker.settled <= on_disk  # settled means on disk
        for link in set(share) - speaker.settled:
            speaker.report(link)
        speaker.wait_settled(share[-1])
    speaker.finish(links)
    assert sink.wait_exit() == 0
    one_verdict_each(pipeline, links)
    assert pipeline.sql("PRAGMA integrity_check") == [("ok",)]


def test_a_restarted_ventilator_resumes_and_the_old_one_is_fenced(pipeline, speaker):
    sink = pipeline.sink()
    speaker.open()
    speaker.register(1, 10)
    for link in (1, 2, 3):
        speaker.report(link)
    speaker.wait_settled(3)
    second = Speaker(pipeline, instance=2)
    assert second.open()["epoch"] == 2
    verdicts = [place.get("verdict", PENDING) for place in second.register(1, 8)]
    assert verdicts == [DONE] * 3 + [PENDING] * 5
    assert speaker.ask("end", "fenced", epoch=1)["epoch"] == 2
    for link in range(4, 9):
        second.report(link)
    second.wait_settled(5)
    complete = second.finish(8)
    second.close()
    assert (complete["done"], complete["cancelled"]) == (8, 2)  # lines 9 and 10 are gone
    assert sink.wait_exit() == 0


def test_a_stopped_run_exits_3_and_can_be_resumed(pipeline, speaker):
    sink = pipeline.sink()
    speaker.open()
    speaker.register(1, 100)
    speaker.report(1)
    speaker.wait_settled(1)
    speaker.ask("stop", "heard", epoch=1, fault=RUN_CANCELLED)
    complete = speaker.ask("end", "complete", epoch=1)
    speaker.say("bye", epoch=1)
    assert (complete["done"], complete["cancelled"]) == (1, 99)
    assert sink.wait_exit() == 3
    assert any("run_cancelled" in line for line in sink.out)

    sink = pipeline.sink()
    speaker.instance = 2
    assert speaker.open()["complete"] is None
    places = speaker.register(1, 100)
    assert [place.get("verdict", PENDING) for place in places] == [DONE] + [PENDING] * 99
    sink.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_writes_what_is_there_and_exits_3(pipeline, speaker, number):
    sink = pipeline.sink()
    speaker.open()
    speaker.register(1, 5)
    speaker.report(1)
    speaker.wait_settled(1)
    sink.signal(number)
    assert sink.wait_exit() == 3
    assert sink.events("sink.stopped")
    assert bool(sink.out) == (number == signal.SIGINT)  # only a person wants a summary
    assert pipeline.sql("SELECT count(*) FROM report") == [(1,)]


def test_a_second_sink_on_the_record_is_refused(pipeline, speaker):
    sink = pipeline.sink()
    sink.wait_for("sink.ready")
    second = pipeline.sink(number=2)
    assert second.wait_exit() == 4
    assert "another sink" in second.err[-1]
    assert str(pipeline.record) in second.err[-1]
    speaker.open()  # the first one has not noticed
    assert sink.is_running()


def test_what_is_not_a_record_is_refused_and_left_alone(pipeline):
    pipeline.record.write_text("my holiday list\n")
    sink = pipeline.sink()
    assert sink.wait_exit() == 4
    assert str(pipeline.record) in sink.err[-1]
    assert pipeline.record.read_text() == "my holiday list\n"


def test_a_folder_that_is_not_there_is_named(pipeline):
    sink = pipeline.sink(record=pipeline.folder / "no/such/run.db")
    assert sink.wait_exit() == 4
    assert "no/such/run.db" in sink.err[-1]


def test_a_record_has_to_be_named(pipeline):
    sink = pipeline.start("thumbline-sink")
    assert sink.wait_exit() == 2
    assert "--record" in sink.err[-1]


def test_a_port_that_is_taken_is_named(pipeline):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        sink = pipeline.sink(f"--report=tcp://127.0.0.1:{port}")
        assert sink.wait_exit() == 4
        assert str(port) in sink.err[-1]


def test_a_port_beyond_this_machine_needs_insecure(pipeline):
    sink = pipeline.sink("--run=tcp://0.0.0.0:0")
    assert sink.wait_exit() == 4
    assert "--insecure" in sink.err[-1]


def test_another_run_is_refused_with_both_names(pipeline, speaker):
    sink = pipeline.sink()
    speaker.open()
    speaker.say("open", name=b"another run's nm", title="other.txt", release="1", instance=9)
    got = speaker.wait_for("refused")
    assert "links.txt" in got["why"] and "other.txt" in got["why"]
    sink.wait_for("sink.refused")


def test_another_version_is_refused_with_both_names(pipeline, speaker):
    sink = pipeline.sink()
    sink.wait_for("sink.ready")
    speaker.run_socket.send(msgpack.packb([2, "open", {}]))
    got = speaker.wait_for("refused")
    assert "version 2" in got["why"] and "1" in got["why"]


def test_a_full_disk_stalls_the_run_and_loses_nothing(pipeline, speaker):
    sink = pipeline.sink()
    speaker.open()
    speaker.register(1, 500)
    # No file may grow any more, the log before each commit included.
    wal = pipeline.record.with_name(pipeline.record.name + "-wal")
    soft = wal.stat().st_size
    resource.prlimit(sink.pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))
    for link in range(1, 501):
        speaker.report(link, detail="x" * 500)
    sink.wait_for("record.stalled")
    resource.prlimit(sink.pid, resource.RLIMIT_FSIZE,
                     (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    sink.wait_for("record.writable")
    speaker.wait_settled(500)
    speaker.finish(500)
    assert sink.wait_exit() == 0
    one_verdict_each(pipeline, 500)


def test_a_live_line_fits_its_terminal(pipeline, speaker):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 12, 0, 0))
    words = [f"--{name}={pipeline.endpoint(name)}" for name in ("run", "report")]
    sink = subprocess.Popen(
        [BIN / "thumbline-sink", f"--record={pipeline.record}", "--log-level=error", *words],
        stdout=subprocess.DEVNULL, stderr=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    try:
        speaker.open()
        speaker.register(1, 10)
        speaker.report(1)
        shown = b""
        while b"1/10" not in shown:  # pytest's timeout or ctest's ends a wait in vain
            shown += os.read(ours, 4096)
        sink.send_signal(signal.SIGTERM)
        assert sink.wait(DEADLINE) == 3
        shown += os.read(ours, 4096)
    finally:
        sink.kill()
        os.close(ours)
    lines = [line.removesuffix(b"\x1b[K") for line in shown.split(b"\r")]
    assert max(map(len, lines)) == 11  # cut, and one column left for the cursor
    assert shown.endswith(b"\r\x1b[K")  # and nothing is left of it
