"""The real worker between a ventilator and a sink that the test plays by hand, so that it
can do what ours never would: break lanes, repeat tasks, cancel, ask for the impossible.

# ctest: timeout=300
"""

import itertools
import os
import signal

import msgpack
import pytest
import zmq
from flow import DEADLINE, Pipeline, pipeline, web  # noqa: F401 (fixtures)

RUN = 7
DONE, FAILED = 1, 2
TIMES = ("queued", "dns", "connect", "first_byte", "body", "shrink", "store")


class Head:
    """Ventilator and sink of one run, as the worker sees them."""

    def __init__(self, pipeline, number="", run=RUN, **options):
        self.run = run
        self.options = {"output": "images", **options}
        self.context = zmq.Context()
        self.control = self.context.socket(zmq.ROUTER)
        self.control.bind(pipeline.endpoint(f"control{number}"))
        self.report = self.context.socket(zmq.PULL)
        self.report_path = f"{pipeline.sockets}/report{number}"
        self.report.bind(f"ipc://{self.report_path}")
        self.lane_path = f"{pipeline.sockets}/lane{number}-"
        self.lanes = itertools.count(1)
        self.lane_number = 0
        self.lane = None
        self.peer = None
        self.flags = {}  # for answers
        self.ids = itertools.count(1)

    def close(self):
        self.context.destroy(linger=0)

    def hear(self, socket, patience=DEADLINE):
        """The next message as (name, fields)."""
        assert socket.poll(patience * 1000), "the worker says nothing"
        *peer, frame = socket.recv_multipart()
        major, name, fields = msgpack.unpackb(frame)
        assert major == 1
        if peer:
            self.peer = peer[0]
        return name, fields

    def hear_until(self, wanted, patience=DEADLINE, where=lambda fields: True):
        """Answer what comes on CONTROL until a `wanted` message; returns its fields and
        all that came before it."""
        before = []
        while True:
            name, fields = self.hear(self.control, patience)
            if name == wanted and where(fields):
                return fields, before
            before.append((name, fields))
            if name == "heartbeat":
                self.say("answer", run=self.run, **self.flags)

    def say(self, name, **fields):
        frame = msgpack.packb([1, name, fields])
        self.control.send_multipart([self.peer, frame])

    def open_lane(self):
        if self.lane:
            self.lane.close(linger=0)
        self.lane_number = next(self.lanes)
        self.lane = self.context.socket(zmq.PUSH)
        self.lane.bind(f"ipc://{self.lane_path}{self.lane_number}")
        self.seq = itertools.count(1)

    def grant(self, epoch=1):
        """Give a new lane and wait until a heartbeat claims it; returns that."""
        self.open_lane()
        self.say(
            "grant",
            run=self.run,
            epoch=epoch,
            lane=self.lane_number,
            path=f"{self.lane_path}{self.lane_number}",
            report_path=self.report_path,
            options=[{"name": k, "value": v} for k, v in self.options.items()],
        )
        return self.hear_until(
            "heartbeat", where=lambda beat: beat.get("lane") == self.lane_number
        )[0]

    def meet(self):
        self.hello, _ = self.hear_until("hello")
        return self.grant()

    def send(self, url, name=None, id=None, attempt=1, last=False):
        id = id or next(self.ids)
        fields = dict(id=id, seq=next(self.seq), attempt=attempt, last=last, url=url)
        fields.update(name=name or f"{id}.jpg", key=id.to_bytes(16, "big"))
        self.lane.send(msgpack.packb([1, "task", fields]))
        return id

    def reported(self):
        name, fields = self.hear(self.report)
        assert name == "report" and fields["run"] == self.run
        return fields

    def finished(self, id):
        """Wait until `done` names the link in its ids; no heartbeat may omit it before."""
        _, before = self.hear_until("done", where=lambda done: id in done.get("ids", []))
        for name, fields in before:
            if name == "heartbeat" and fields.get("top", 0) >= id:
                assert id in fields.get("held", [])


@pytest.fixture
def head(pipeline):
    made = Head(pipeline)
    yield made
    made.close()


def test_a_link_becomes_two_files_and_a_report(pipeline, web, head):
    worker = pipeline.worker(name="w1")
    beat = head.meet()
    assert head.hello["worker"] == "w1" and head.hello["slots"] >= beat["slots"] > 32
    id = head.send(web.url("/redirect/photo/cat.jpg"), "cat.jpg")

    report = head.reported()
    head.finished(id)

    assert (report["verdict"], report.get("fault", 0), report["http"]) == (DONE, 0, 200)
    assert report["url"] == web.url("/photo/cat.jpg")
    assert (report["type"], report["width"], report["height"]) == ("jpeg", 320, 240)
    assert (report["thumb_width"], report["thumb_height"]) == (128, 96)
    assert (report["name"], report["thumb"]) == ("cat.jpg", "cat_thumbnail.jpg")
    assert pipeline.files() == ["cat.jpg", "cat_thumbnail.jpg"]
    original, thumbnail = ((pipeline.output / name).read_bytes() for name in pipeline.files())
    assert len(original) == report["bytes"] and len(thumbnail) == report["thumb_bytes"]
    assert all(report.get(time, 0) >= 0 for time in TIMES) and report["shrink"] > 0
    assert worker.is_running()


def test_a_fault_that_may_pass_comes_back_and_a_final_one_is_reported(pipeline, web, head):
    pipeline.worker()
    head.meet()
    busy = head.send(web.url("/status/503/x.jpg?after=7"))
    done, _ = head.hear_until("done")
    assert done["again"] == [{"id": busy, "fault": 44, "http": 503, "after": 7000}]

    head.send(web.url("/status/503/x.jpg"), id=busy, attempt=4, last=True)
    report = head.reported()
    assert (report["id"], report["verdict"], report["fault"]) == (busy, FAILED, 44)

    for path, fault, http in (
        ("/missing/1.jpg", 42, 404),
        ("/page/1.jpg", 60, 200),
        ("/status/204/1.jpg", 46, 204),
    ):
        id = head.send(web.url(path))
        report = head.reported()
        assert (report["id"], report["verdict"]) == (id, FAILED)
        assert (report["fault"], report["http"]) == (fault, http)
    head.send("http://user:password@127.0.0.1/1.jpg")
    assert head.reported()["fault"] == 3
    head.send("ftp://127.0.0.1/1.jpg")
    assert head.reported()["fault"] == 2
    assert pipeline.files() == []


def test_a_private_address_is_not_visited(pipeline, web, head):
    pipeline.start(
        "thumbline-worker",
        f"--ventilator={pipeline.endpoint('control')}",
        f"--output-root={pipeline.folder}",
    )
    head.meet()
    head.send(web.url("/photo/1.jpg"))
    assert head.reported()["fault"] == 28
    assert not web.hits


def test_a_truncated_picture_is_tried_once_more(pipeline, web, head):
    pipeline.worker()
    head.meet()
    id = head.send(web.url("/truncated/1.jpg"))
    done, _ = head.hear_until("done")
    assert [again["fault"] for again in done["again"]] == [61]
    head.send(web.url("/truncated/1.jpg"), id=id, attempt=2)
    assert head.reported()["fault"] == 61


def test_what_was_reported_is_answered_again_without_working(pipeline, web, head):
    pipeline.worker()
    head.meet()
    id = head.send(web.url("/photo/1.jpg"))
    first = head.reported()
    head.finished(id)

    head.send(web.url("/photo/1.jpg"), id=id, attempt=2)

    assert head.reported() == first
    head.finished(id)
    assert web.hits["/photo/1.jpg"] == 1


def test_a_task_that_is_held_already_is_ignored(pipeline, web, head):
    pipeline.worker()
    head.meet()
    id = head.send(web.url("/hang/1.jpg"))
    web.wait_for_hits(1)
    head.send(web.url("/hang/1.jpg"), id=id)
    head.hear_until("heartbeat", where=lambda beat: beat.get("top") == 2)
    web.release()
    assert head.reported()["id"] == id
    assert web.hits["/hang/1.jpg"] == 1


def test_sigterm_returns_what_is_not_begun_and_finishes_the_rest(pipeline, web, head):
    worker = pipeline.worker("--downloads=2")
    head.meet()
    ids = [head.send(web.url(f"/hang/{n}.jpg")) for n in range(5)]
    web.wait_for_hits(2)
    head.hear_until("heartbeat", where=lambda beat: beat.get("top") == 5)

    worker.terminate()

    returned, _ = head.hear_until("returned")
    assert sorted(returned["ids"]) == ids[2:]
    beat, _ = head.hear_until("heartbeat")
    assert beat["draining"] and beat.get("slots", 0) == 0 and set(beat["held"]) == set(ids[:2])
    web.release()
    assert {head.reported()["id"] for _ in range(2)} == set(ids[:2])
    head.hear_until("heartbeat", where=lambda beat: not beat.get("held"))
    assert worker.wait_exit() == 0


def test_no_report_is_lost_when_a_worker_leaves(pipeline, web, head):
    """Over ipc a socket that closes too early would lose its tail."""
    worker = pipeline.worker("--null")
    head.meet()
    for _ in range(400):
        head.send("http://127.0.0.1/null")
    head.hear_until("heartbeat", where=lambda beat: beat.get("top") == 400)
    worker.terminate()
    assert worker.wait_exit() == 0
    assert {head.reported()["id"] for _ in range(400)} == set(range(1, 401))


def test_a_second_signal_ends_it_at_once(pipeline, web, head):
    worker = pipeline.worker()
    head.meet()
    head.send(web.url("/hang/1.jpg"))
    web.wait_for_hits(1)
    worker.interrupt()
    worker.wait_for("worker.draining")
    worker.interrupt()
    assert worker.wait_exit() == 3


def test_a_cut_lifeline_drains_it(pipeline, web, head):
    reader, writer = os.pipe()
    worker = pipeline.start(
        "thumbline-worker",
        f"--ventilator={pipeline.endpoint('control')}",
        pass_fds=[reader],
        env={**os.environ, "THUMBLINE_LIFELINE_FD": str(reader)},
    )
    os.close(reader)
    head.meet()
    os.close(writer)
    assert worker.wait_exit() == 0


def test_a_broken_lane_is_given_up_and_another_one_asked_for(pipeline, web, head):
    worker = pipeline.worker()
    head.meet()
    id = head.send(web.url("/hang/1.jpg"))
    web.wait_for_hits(1)

    head.lane.close(linger=0)
    head.lane = None

    beat, _ = head.hear_until("heartbeat", where=lambda beat: beat.get("lane", 0) == 0)
    assert beat["held"] == [id]
    worker.wait_for("lane.broke")
    beat = head.grant()
    assert beat["held"] == [id] and beat.get("top", 0) == 0, "held over, counted anew"
    web.release()
    assert head.reported()["id"] == id
    other = head.send(web.url("/photo/2.jpg"))
    assert head.reported()["id"] == other


def test_cancel_returns_drops_and_ends(pipeline, web, head):
    pipeline.worker("--downloads=2")
    head.meet()
    ids = [head.send(web.url(f"/hang/{n}.jpg")) for n in range(4)]
    web.wait_for_hits(2)

    head.flags = {"cancel": True}

    returned, _ = head.hear_until("returned")
    assert sorted(returned["ids"]) == ids[2:]
    returned, _ = head.hear_until("returned")  # after the grace
    assert sorted(returned["ids"]) == ids[:2]
    head.flags = {"over": True}
    head.hear_until("hello")
    assert not pipeline.output.exists() or pipeline.files() == []


@pytest.mark.parametrize("output", ["/elsewhere", "../images", "a/../../b", "way-out/b"])
def test_an_output_outside_the_root_is_declined(pipeline, head, output):
    (pipeline.folder / "way-out").symlink_to("/tmp")
    head.options["output"] = output
    worker = pipeline.worker()
    head.hear_until("hello")
    head.open_lane()
    head.say("grant", run=RUN, epoch=1, lane=1, path=head.lane_path + "1",
             report_path=head.report_path, options=[{"name": "output", "value": output}])
    beat, _ = head.hear_until("heartbeat")
    assert beat.get("lane", 0) == 0 and beat.get("slots", 0) == 0
    assert "output" in beat["trouble"]
    worker.wait_for("run.declined")


def test_an_option_that_this_release_does_not_know_is_declined(pipeline, head):
    head.options["sharpen"] = "yes"
    worker = pipeline.worker()
    head.hear_until("hello")
    head.open_lane()
    head.say("grant", run=RUN, epoch=1, lane=1, path=head.lane_path + "1",
             report_path=head.report_path, options=[{"name": "sharpen", "value": "yes"}])
    beat, _ = head.hear_until("heartbeat")
    assert beat.get("slots", 0) == 0 and "sharpen" in beat["trouble"]
    worker.wait_for("run.declined", fault="usage")


def test_a_name_that_leaves_the_folder_is_refused(pipeline, web, head):
    worker = pipeline.worker()
    head.meet()
    for name in ("../evil.jpg", ".hidden", "a/b.jpg", "bell\a.jpg"):
        head.send(web.url("/photo/1.jpg"), name)
    good = head.send(web.url("/photo/1.jpg"), "good.jpg")
    assert head.reported()["id"] == good
    worker.wait_for("lane.bad_message")
    assert pipeline.files() == ["good.jpg", "good_thumbnail.jpg"]


def test_what_somebody_else_left_is_not_touched(pipeline, web, head):
    pipeline.output.mkdir()
    (pipeline.output / "1.jpg").write_bytes(b"mine")
    pipeline.worker()
    head.meet()
    head.send(web.url("/photo/1.jpg"))
    report = head.reported()
    assert (report["name"], report["thumb"]) == ("1-00000000.jpg", "1-00000000_thumbnail.jpg")
    assert (pipeline.output / "1.jpg").read_bytes() == b"mine"


def test_a_run_without_originals_keeps_thumbnails_only(pipeline, web, head):
    head.options["originals"] = "no"
    pipeline.worker()
    head.meet()
    head.send(web.url("/photo/1.png"), "1.png")
    report = head.reported()
    assert (report.get("name", ""), report["thumb"]) == ("", "1_thumbnail.png")
    assert pipeline.files() == ["1_thumbnail.png"]


def test_two_runs_share_the_slots(pipeline, web):
    heads = [Head(pipeline, number, run=run) for number, run in (("1", 1), ("2", 2))]
    try:
        pipeline.worker(f"--ventilator={pipeline.endpoint('control2')}", number="1")
        for head in heads:
            slots = head.meet()["slots"]
        total = heads[0].hello["slots"]
        for head in heads:
            for n in range(total):
                head.send(web.url(f"/hang/{head.run}-{n}.jpg"))
        for head in heads:
            head.hear_until("heartbeat", where=lambda beat: 0 < beat["slots"] <= total / 2 + 1)
        web.wait_at_once(32)
        web.release()
        for head in heads:
            assert len({head.reported()["id"] for _ in range(total)}) == total
    finally:
        for head in heads:
            head.close()


def test_a_run_that_follows_on_the_same_endpoint_is_served(pipeline, web, head):
    pipeline.worker()
    head.meet()
    head.send(web.url("/photo/1.jpg"))
    head.reported()
    head.flags = {"over": True}
    head.hear_until("hello")
    head.flags = {}
    head.run = 8
    head.options["output"] = "second"
    head.grant()
    id = head.send(web.url("/photo/2.jpg"))
    assert head.reported()["id"] == id
    assert (pipeline.folder / "second" / f"{id}.jpg").exists()


def test_another_version_is_named_once(pipeline, head):
    worker = pipeline.worker()
    head.hear_until("hello")
    for _ in range(3):
        head.control.send_multipart([head.peer, msgpack.packb([2, "grant", {}])])
    event = worker.wait_for("control.bad_message")
    assert "version 2" in event.text and "we speak 1" in event.text
    head.meet()
    assert len(worker.events("control.bad_message")) == 1


@pytest.mark.parametrize(
    "words, status, says",
    [
        ([], 2, "--ventilator"),
        (["--ventilator=tcp://10.1.2.3:5557"], 4, "--insecure"),
        (["--ventilator=ipc:///tmp/x", "--shrink=/no/helper"], 4, "--shrink"),
        (["--ventilator=ipc:///tmp/x", "--output-root=/no/folder"], 4, "/no/folder"),
        (["--ventilator=ipc:///tmp/x", "--allow-net=10.0.0.0/33"], 2, "--allow-net"),
        (["--ventilator=tcp://127.0.0.1:9-8"], 2, "range"),
        (["--ventilator=ipc:///tmp/x", "--name=a/b"], 2, "--name"),
    ],
)
def test_what_is_wrong_at_the_start_is_said_in_one_line(pipeline, words, status, says):
    worker = pipeline.start("thumbline-worker", *words)
    assert worker.wait_exit() == status
    assert says in worker.err[-1]


def test_places_where_nobody_is_cost_one_line(pipeline):
    worker = pipeline.start("thumbline-worker", "--ventilator=tcp://127.0.0.1:7001-7008")
    worker.wait_for("worker.started")
    assert len(worker.events("worker.dialling", places=8)) == 1
    worker.signal(signal.SIGTERM)
    assert worker.wait_exit() == 0
