"""The real ventilator between a sink and workers that the test plays by hand, so that they
can do what ours never would: forget messages, break lanes, fall silent, fence.

# ctest: timeout=600
"""

import itertools
import signal
import subprocess
import time

import msgpack
import zmq
from flow import DEADLINE, SLOWNESS, pipeline  # noqa: F401 (a fixture)

RUN = 77
PENDING, DONE, FAILED, LOST, DUPLICATE, CANCELLED = 0, 1, 2, 3, 5, 7
TIMEOUT_FAULT = 23
BEAT_S = 0.5


def pack(name, /, **fields):
    return msgpack.packb([1, name, {k: v for k, v in fields.items() if v}])


def unpack(frame):
    major, name, fields = msgpack.unpackb(frame)
    assert major == 1
    return name, fields


class Sink:
    """A sink whose record is this object: it outlives its socket."""

    def __init__(self, stage, **opened):
        self.stage = stage
        self.opened = {"report_path": "/nowhere", **opened}
        self.instances = {}  # instance: epoch
        self.keys = {}  # key: id
        self.links = {}  # id: (line, url, key, name)
        self.verdicts = {}  # id: verdict
        self.listed_in = {}  # id: epoch
        self.order = []  # of settlements
        self.mute = set()  # messages that it does not answer
        self.heard = []  # (name, fields)
        self.peer = None
        self.socket = None
        self.start()

    def start(self):
        self.socket = self.stage.context.socket(zmq.ROUTER)
        self.socket.bind(self.stage.pipeline.endpoint("run"))

    def stop(self):
        self.socket.close(linger=0)
        self.socket = None

    def names(self):
        return [name for name, _ in self.heard]

    def last(self, name):
        return [fields for said, fields in self.heard if said == name][-1]

    def say(self, name, /, **fields):
        self.socket.send_multipart([self.peer, pack(name, **fields)])

    def read(self):
        while self.socket and self.socket.poll(0):
            self.peer, frame = self.socket.recv_multipart()
            name, fields = unpack(frame)
            self.heard.append((name, fields))
            handler = getattr(self, f"on_{name}", None)
            if handler and name not in self.mute:
                handler(fields)

    @property
    def epoch(self):
        return max(self.instances.values(), default=0)

    def on_open(self, m):
        epoch = self.instances.setdefault(m["instance"], self.epoch + 1)
        self.say("opened", instance=m["instance"], run=RUN, epoch=epoch,
                 seq=len(self.order), links=len(self.links), **self.opened)

    def on_register(self, m):
        places = []
        for link in m["links"]:
            known = link["key"] in self.keys
            i = self.keys.setdefault(link["key"], len(self.keys) + 1)
            twice = known and self.listed_in[i] == m["epoch"] and link["line"] != self.links[i][0]
            if not known:
                self.links[i] = (link["line"], link["url"], link["key"], f"{i}-{link.get('name')}")
                self.verdicts[i] = PENDING
                if link.get("fault"):
                    self.verdicts[i] = FAILED
                    self.order.append(i)
            self.listed_in[i] = m["epoch"]
            verdict = DUPLICATE if twice else self.verdicts[i]
            places.append({"id": i, "verdict": verdict, "name": self.links[i][3]})
        self.say("registered", epoch=m["epoch"], batch=m["batch"], places=places)

    def on_sync(self, m):
        missed = self.order[m.get("from", 0):]
        if missed:
            self.say("settled", prev=m.get("from", 0), last=len(self.order), ids=missed)
        self.say("synced", epoch=m["epoch"], seq=len(self.order))

    def on_rulings(self, m):
        for ruling in m["rulings"]:
            self.settle(ruling["id"], ruling["verdict"])

    def on_listed(self, m):
        self.say("heard", epoch=m["epoch"], message="listed")

    def on_stop(self, m):
        for i in self.pending():
            self.settle(i, CANCELLED)
        self.say("heard", epoch=m["epoch"], message="stop")

    def on_pending(self, m):
        ids = [i for i in self.pending() if i > m.get("after", 0)]
        page = [dict(zip(("line", "url", "key", "name"), self.links[i]), id=i)
                for i in ids[: m["limit"]]]
        self.say("page", epoch=m["epoch"], after=m.get("after", 0), links=page,
                 more=len(ids) > len(page))

    def on_end(self, m):
        count = lambda verdict: list(self.verdicts.values()).count(verdict)
        self.say("complete", epoch=m["epoch"], pending=count(PENDING), done=count(DONE),
                 failed=count(FAILED), lost=count(LOST), cancelled=count(CANCELLED))

    def pending(self):
        return [i for i, verdict in self.verdicts.items() if verdict == PENDING]

    def settle(self, i, verdict=DONE, tell=True):
        """A report, or a ruling, is on disk."""
        if self.verdicts[i] != PENDING:
            if tell:
                self.say("settled", ids=[i])
            return
        self.verdicts[i] = verdict
        self.order.append(i)
        if tell:
            self.say("settled", prev=len(self.order) - 1, last=len(self.order), ids=[i])


class Worker:
    """A worker that holds what it gets until the test says otherwise."""

    boots = itertools.count(1000)

    def __init__(self, stage, name="w1", slots=4, busy=True):
        self.stage, self.name, self.slots = stage, name, slots
        self.boot = next(self.boots)
        self.busy = busy  # do each task at once
        self.socket = stage.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 50)
        self.socket.connect(stage.pipeline.endpoint("control"))
        self.pull = None
        self.run = self.lane = self.top = 0
        self.held = {}  # id: task, in the order of arrival
        self.begun = set()
        self.tasks = []  # all that ever came
        self.heard = []
        self.silent = False
        self.said = 0.0
        self.draining = False

    def say(self, name, /, **fields):
        self.socket.send(pack(name, boot=self.boot, **fields))

    def beat(self):
        self.said = time.monotonic()
        if not self.run:
            self.say("hello", worker=self.name, release="test", slots=self.slots)
            return
        self.say("heartbeat", worker=self.name, run=self.run, lane=self.lane, top=self.top,
                 slots=0 if self.draining else self.slots, draining=self.draining,
                 held=list(self.held), begun=list(self.begun))

    def step(self):
        while self.socket.poll(0):
            name, fields = unpack(self.socket.recv())
            self.heard.append((name, fields))
            getattr(self, f"on_{name}")(fields)
        while self.pull and self.pull.poll(0):
            self.on_task(unpack(self.pull.recv())[1])
        if not self.silent and time.monotonic() - self.said >= BEAT_S:
            self.beat()

    def on_grant(self, m):
        if m["lane"] == self.lane or self.silent:
            return
        self.break_lane(say=False)
        self.run, self.lane = m["run"], m["lane"]
        self.pull = self.stage.context.socket(zmq.PULL)
        self.pull.setsockopt(zmq.RECONNECT_IVL, -1)
        self.pull.connect(f"ipc://{m['path']}")
        self.beat()

    def on_answer(self, m):
        if m.get("over") and m["run"] == self.run:
            self.break_lane(say=False)
            self.run = 0

    def on_refused(self, m):
        pass

    def on_task(self, m):
        self.tasks.append(m)
        self.top = m["seq"]
        self.held[m["id"]] = m
        assert len(self.held) <= self.slots
        if self.busy:
            self.finish(m["id"])

    def break_lane(self, say=True):
        if self.pull:
            self.pull.close(linger=0)
        self.pull, self.lane, self.top = None, 0, 0
        if say:
            self.beat()

    def finish(self, *ids, tell=True):
        for i in ids:
            self.stage.sink.settle(i, tell=tell)
            self.done(i)

    def done(self, i):
        del self.held[i]
        self.begun.discard(i)
        self.say("done", run=self.run, ids=[i])

    def again(self, i, fault=TIMEOUT_FAULT):
        del self.held[i]
        self.say("done", run=self.run, again=[{"id": i, "fault": fault}])

    def give_back(self):
        ids = [i for i in self.held if i not in self.begun]
        for i in ids:
            del self.held[i]
        self.draining = True
        self.say("returned", run=self.run, ids=ids)
        self.beat()


class Stage:
    def __init__(self, pipeline, **opened):
        self.pipeline = pipeline
        self.context = zmq.Context()
        self.sink = Sink(self, **opened)
        self.workers = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.destroy(linger=0)

    def worker(self, *args, **kwargs):
        self.workers.append(Worker(self, *args, **kwargs))
        return self.workers[-1]

    def step(self, wait_ms=20):
        poller = zmq.Poller()
        for made in [self.sink.socket] + [w.socket for w in self.workers]:
            if made:
                poller.register(made, zmq.POLLIN)
        for w in self.workers:
            if w.pull:
                poller.register(w.pull, zmq.POLLIN)
        poller.poll(wait_ms)
        self.sink.read()
        for w in self.workers:
            w.step()

    def until(self, what, patience=DEADLINE):
        end = time.monotonic() + patience
        while not what():
            assert time.monotonic() < end, f"in vain; the sink has heard {self.sink.names()}"
            self.step()

    def end_of(self, ventilator):
        """Play on until it has left; its exit status."""
        self.until(lambda: not ventilator.is_running())
        return ventilator.wait_exit()


def links(count, start=0):
    return [f"http://example.org/{n}.jpg" for n in range(start, start + count)]


# ---- all is well -------------------------------------------------------------------------


def test_a_run_from_its_list_to_its_bye(pipeline):
    with Stage(pipeline) as stage:
        first, second = stage.worker("w1", slots=4), stage.worker("w2", slots=8)
        ventilator = pipeline.ventilator(links(1000), "--size=64x64", "--no-originals")
        assert stage.end_of(ventilator) == 0
        assert sorted(t["id"] for w in stage.workers for t in w.tasks) == list(range(1, 1001))
        assert list(stage.sink.verdicts.values()) == [DONE] * 1000
        stage.until(lambda: "bye" in stage.sink.names())
        assert stage.sink.last("listed")["lines"] == 1000
        assert not stage.sink.last("listed").get("keep")
        task = first.tasks[0]
        assert (task["seq"], task["attempt"], len(task["key"])) == (1, 1, 16)
        assert task["name"] == stage.sink.links[task["id"]][3]
        assert [t["seq"] for t in second.tasks] == list(range(1, len(second.tasks) + 1))
        grant = next(fields for name, fields in first.heard if name == "grant")
        options = {o["name"]: o.get("value") for o in grant["options"]}
        assert options["size"] == "64x64" and options["originals"] == "no"
        assert grant["report_path"] == "/nowhere"
        assert any(name == "answer" and m.get("over") for name, m in first.heard)
        assert ventilator.events("run.complete", done=1000)


def test_lines_that_are_no_links_are_told_with_their_fault(pipeline):
    good = links(2)
    with Stage(pipeline) as stage:
        stage.worker()
        path = pipeline.list([good[0], "nonsense", "# a comment", good[0], good[1],
                              "http://u:secret@a/"])
        assert stage.end_of(pipeline.ventilator(path)) == 1
        told = [link for name, m in stage.sink.heard if name == "register" for link in m["links"]]
        assert [(link["line"], link.get("fault", 0)) for link in told] == [
            (1, 0), (2, 1), (4, 0), (5, 0), (6, 3)]
        assert "secret" not in str(told)
        assert sorted(stage.sink.verdicts.values()) == [DONE, DONE, FAILED, FAILED]


def test_it_waits_for_a_sink_that_comes_later(pipeline):
    with Stage(pipeline) as stage:
        stage.sink.stop()
        stage.worker()
        ventilator = pipeline.ventilator(links(5))
        ventilator.wait_for("sink.waiting")
        stage.sink.start()
        assert stage.end_of(ventilator) == 0
        ventilator.wait_for("sink.found")


# ---- things get lost ---------------------------------------------------------------------


def test_a_gap_in_the_settled_chain_is_asked_for(pipeline):
    with Stage(pipeline) as stage:
        worker = stage.worker(busy=False)
        ventilator = pipeline.ventilator(links(3))
        stage.until(lambda: len(worker.held) == 3)
        one, two, three = worker.held
        worker.finish(one)
        worker.finish(two, tell=False)  # this message is lost
        assert "sync" not in stage.sink.names()
        worker.finish(three)
        assert stage.end_of(ventilator) == 0
        assert stage.sink.last("sync")["from"] == 1
        assert len(worker.tasks) == 3


def test_a_lost_settlement_with_nothing_behind_it_is_asked_for_in_time(pipeline):
    with Stage(pipeline) as stage:
        worker = stage.worker(busy=False)
        ventilator = pipeline.ventilator(links(1))
        stage.until(lambda: len(worker.held) == 1)
        worker.finish(1, tell=False)
        assert stage.end_of(ventilator) == 0
        assert len(worker.tasks) == 1


def test_a_lost_report_is_asked_for_again_at_the_same_worker(pipeline):
    with Stage(pipeline) as stage:
        worker = stage.worker(busy=False)
        ventilator = pipeline.ventilator(links(1))
        stage.until(lambda: len(worker.held) == 1)
        stage.worker("other", slots=50)
        worker.done(1)  # and the report never arrives
        stage.until(lambda: len(worker.tasks) == 2)
        assert worker.tasks[1]["attempt"] == 1
        worker.finish(1)
        assert stage.end_of(ventilator) == 0


def test_a_sink_that_restarts_is_told_everything_again(pipeline):
    with Stage(pipeline) as stage:
        stage.sink.mute = {"register"}
        worker = stage.worker()
        ventilator = pipeline.ventilator(links(600))
        stage.until(lambda: stage.sink.names().count("register") >= 3)
        batches = [m["batch"] for name, m in stage.sink.heard if name == "register"]
        instance = stage.sink.last("open")["instance"]
        assert "listed" not in stage.sink.names()  # before it knows every link
        stage.sink.stop()
        stage.sink.heard.clear()
        stage.sink.mute = set()
        stage.sink.start()
        assert stage.end_of(ventilator) == 0
        assert stage.sink.last("open")["instance"] == instance
        again = [m["batch"] for name, m in stage.sink.heard if name == "register"]
        assert set(batches) <= set(again)
        assert "sync" in stage.sink.names()
        assert len(worker.tasks) == 600


def test_a_sink_that_comes_back_elsewhere_gets_the_reports_there(pipeline):
    with Stage(pipeline) as stage:
        worker = stage.worker(busy=False, slots=2)
        ventilator = pipeline.ventilator(links(5))
        stage.until(lambda: len(worker.held) == 2)
        before = worker.lane
        stage.sink.stop()
        stage.sink.opened["report_path"] = "/elsewhere"
        stage.sink.start()
        stage.until(lambda: worker.lane not in (0, before))
        assert [m for name, m in worker.heard if name == "grant"][-1]["report_path"] == "/elsewhere"
        worker.busy = True
        worker.finish(*list(worker.held))
        assert stage.end_of(ventilator) == 0


def test_another_record_under_the_same_address_is_not_taken_for_the_old_one(pipeline):
    with Stage(pipeline) as stage:
        worker = stage.worker(busy=False)
        ventilator = pipeline.ventilator(links(5))
        stage.until(lambda: worker.held)
        stage.sink.stop()
        stage.sink.instances = {"somebody else's": 4}
        stage.sink.start()
        assert stage.end_of(ventilator) == 4
        assert "another record" in ventilator.err[-1]


# ---- workers come and go -----------------------------------------------------------------


def test_a_broken_lane_is_replaced_and_its_tasks_come_again(pipeline):
    with Stage(pipeline) as stage:
        worker = stage.worker(busy=False, slots=3)
        ventilator = pipeline.ventilator(links(10))
        stage.until(lambda: len(worker.held) == 3)
        before = worker.lane
        kept, *lost = worker.held
        for i in lost:  # as if they had not arrived
            del worker.held[i]
        worker.break_lane()
        stage.until(lambda: len(worker.held) == 3)
        assert worker.lane != before
        assert worker.tasks[3]["seq"] == 1
        assert kept not in [t["id"] for t in worker.tasks[3:]]
        assert "sync" in stage.sink.names()  # before anything was sent again
        worker.busy = True
        worker.finish(*list(worker.held))
        assert stage.end_of(ventilator) == 0


def test_a_silent_worker_is_given_up_and_its_links_go_elsewhere(pipeline):
    with Stage(pipeline) as stage:
        silent = stage.worker("silent", busy=False)
        ventilator = pipeline.ventilator(links(4))
        stage.until(lambda: len(silent.held) == 4)
        silent.silent = True
        other = stage.worker("other")
        assert stage.end_of(ventilator) == 0
        assert ventilator.wait_for("worker.lost").fields["worker"] == "silent"
        assert len(other.tasks) == 4
        assert [t["attempt"] for t in other.tasks] == [1] * 4


def test_returned_links_go_to_others_at_once_and_no_more_come(pipeline):
    with Stage(pipeline) as stage:
        leaving = stage.worker("leaving", busy=False)
        ventilator = pipeline.ventilator(links(20))
        stage.until(lambda: len(leaving.held) == 4)
        leaving.give_back()
        count = len(leaving.tasks)
        other = stage.worker("other")
        assert stage.end_of(ventilator) == 0
        assert len(leaving.tasks) == count
        assert len(other.tasks) == 20
        assert "sync" not in stage.sink.names()  # they say that nothing was begun


def test_a_link_whose_workers_die_is_lost_in_the_end(pipeline):
    with Stage(pipeline) as stage:
        ventilator = pipeline.ventilator(links(1))
        for _ in range(3):
            worker = stage.worker("w1", busy=False)
            stage.until(lambda: worker.held)
            worker.begun = set(worker.held)
            worker.beat()
            stage.until(lambda: len([1 for name, _ in worker.heard if name == "answer"]) > 2)
            stage.workers.remove(worker)
            worker.socket.close()
            worker.break_lane(say=False)
        stage.worker("w1", busy=False)  # a new start frees what the old one had
        assert stage.end_of(ventilator) == 1
        assert stage.sink.verdicts == {1: LOST}
        ruling = stage.sink.last("rulings")["rulings"][0]
        assert (ruling["verdict"], ruling["fault"]) == (LOST, 8)


def test_two_workers_of_one_name_do_not_push_each_other_out(pipeline):
    with Stage(pipeline) as stage:
        first, second = stage.worker("same"), stage.worker("same")
        first.busy = second.busy = False
        ventilator = pipeline.ventilator(links(8))
        stage.until(lambda: len(first.held) == 4 and len(second.held) == 4)
        stage.until(lambda: ventilator.events("worker.namesake"))
        restarts = len(ventilator.events("worker.restarted"))
        assert restarts <= 1
        heard = len(first.heard)
        stage.until(lambda: len(first.heard) > heard + 4)  # some heartbeats later
        assert len(ventilator.events("worker.restarted")) == restarts
        for worker in (first, second):
            worker.busy = True
            worker.finish(*list(worker.held))
        assert stage.end_of(ventilator) == 0


def test_a_failed_try_is_tried_again_and_the_last_try_says_so(pipeline):
    with Stage(pipeline) as stage:
        worker = stage.worker(busy=False)
        ventilator = pipeline.ventilator(links(1), "--tries=3")
        for attempt in (1, 2, 3):
            stage.until(lambda: len(worker.tasks) == attempt)
            assert worker.tasks[-1]["attempt"] == attempt
            assert worker.tasks[-1].get("last", False) == (attempt == 3)
            worker.again(1)
        assert stage.end_of(ventilator) == 1
        ruling = stage.sink.last("rulings")["rulings"][0]
        assert ruling == {"id": 1, "verdict": FAILED, "fault": TIMEOUT_FAULT, "tries": 3}


def test_a_heartbeat_of_another_run_is_told_that_it_is_over(pipeline):
    with Stage(pipeline) as stage:
        stranger = stage.worker("stranger")
        stranger.run = 12345
        ventilator = pipeline.ventilator(links(5))
        stage.until(lambda: stranger.run == 0)
        assert stage.end_of(ventilator) == 0
        assert len(stranger.tasks) == 5


def test_another_version_is_refused_by_name_and_nonsense_is_not_answered(pipeline):
    with Stage(pipeline) as stage:
        ventilator = pipeline.ventilator(links(1))
        stranger = stage.context.socket(zmq.DEALER)
        stranger.connect(pipeline.endpoint("control"))
        stranger.send(b"\xdd\xff\xff\xff\xff")
        stranger.send(pack("bye", epoch=1))
        stranger.send_multipart([b"two", b"parts"])
        stranger.send(msgpack.packb([2, "hello", {"from": "the future"}]))
        assert stranger.poll(DEADLINE * 1000)
        name, fields = unpack(stranger.recv())
        assert name == "refused" and "version 2" in fields["why"] and "speak 1" in fields["why"]
        assert not stranger.poll(0)
        ventilator.wait_for("control.refused")
        stage.worker()
        assert stage.end_of(ventilator) == 0


# ---- a ventilator comes and goes ---------------------------------------------------------


def test_a_restarted_ventilator_adopts_what_workers_hold(pipeline):
    with Stage(pipeline) as stage:
        worker = stage.worker(busy=False, slots=3)
        ventilator = pipeline.ventilator(links(6))
        stage.until(lambda: len(worker.held) == 3)
        ventilator.kill()
        worker.break_lane(say=False)
        ventilator = pipeline.ventilator(links(6))
        stage.until(lambda: worker.lane)
        assert stage.sink.epoch == 2
        held = set(worker.held)
        worker.busy = True
        worker.finish(*held)
        assert stage.end_of(ventilator) == 0
        assert len(worker.tasks) == 6  # nothing was sent twice


def test_a_fenced_ventilator_leaves(pipeline):
    with Stage(pipeline) as stage:
        worker = stage.worker(busy=False)
        ventilator = pipeline.ventilator(links(10))
        stage.until(lambda: worker.held)
        stage.sink.say("fenced", epoch=2)
        assert stage.end_of(ventilator) == 4
        assert "another ventilator" in ventilator.err[-1]


def test_the_sinks_refusal_is_the_last_word(pipeline):
    with Stage(pipeline) as stage:
        stage.sink.on_open = lambda m: stage.sink.say("refused", why="holds another run")
        ventilator = pipeline.ventilator(links(10))
        assert stage.end_of(ventilator) == 4
        assert "holds another run" in ventilator.err[-1]


def test_what_standard_input_said_before_is_read_back_in_pages(pipeline):
    with Stage(pipeline) as stage:
        worker = stage.worker(busy=False)
        start = lambda: pipeline.ventilator("-", stdin=subprocess.PIPE)
        ventilator = start()
        write = lambda text: (ventilator.popen.stdin.write(text), ventilator.popen.stdin.flush())
        write("".join(f"{link}\n" for link in links(600)))
        stage.until(lambda: len(stage.sink.links) == 600 and len(worker.held) == 4)
        assert "listed" not in stage.sink.names()  # more may come
        ventilator.kill()
        worker.held.clear()
        worker.break_lane(say=False)
        worker.busy = True
        stage.sink.heard.clear()
        ventilator = start()
        write(f"{links(1, 9000)[0]}\n")
        ventilator.popen.stdin.close()
        assert stage.end_of(ventilator) == 0
        assert stage.sink.last("listed")["keep"] is True
        assert stage.sink.names().count("pending") >= 3
        assert set(stage.sink.verdicts.values()) == {DONE} and len(stage.sink.links) == 601


def test_links_that_only_the_sink_knows_are_read_back(pipeline):
    with Stage(pipeline) as stage:
        stage.worker()
        stage.sink.links[999] = (1, "http://example.org/x", b"k" * 16, "x")
        stage.sink.verdicts[999] = PENDING
        ventilator = pipeline.ventilator(links(3))
        assert stage.end_of(ventilator) == 0
        assert stage.sink.verdicts[999] == DONE


# ---- the end comes early -----------------------------------------------------------------


def cancelled(worker):
    return any(name == "answer" and m.get("cancel") for name, m in worker.heard)


def test_a_timeout_ends_the_run_and_records_the_rest(pipeline):
    with Stage(pipeline) as stage:
        worker = stage.worker(busy=False)
        ventilator = pipeline.ventilator(links(50), "--timeout=1s")
        stage.until(lambda: cancelled(worker))
        first, *_ = worker.held
        worker.begun = {first}
        worker.give_back()
        stage.until(lambda: len(worker.held) == 1)
        worker.finish(first)
        assert stage.end_of(ventilator) == 3
        assert stage.sink.last("stop")["fault"] == 6
        assert list(stage.sink.verdicts.values()).count(CANCELLED) == 49
        assert len(worker.tasks) == 4


def test_an_interrupt_cancels_and_a_second_one_leaves_at_once(pipeline):
    with Stage(pipeline) as stage:
        worker = stage.worker(busy=False)
        ventilator = pipeline.ventilator(links(50))
        stage.until(lambda: len(worker.held) == 4)
        ventilator.interrupt()
        stage.until(lambda: cancelled(worker))
        assert ventilator.is_running()
        ventilator.interrupt()
        assert stage.end_of(ventilator) == 3
        assert "stop" not in stage.sink.names()


def test_an_interrupt_ends_the_run_when_all_is_handed_back(pipeline):
    with Stage(pipeline) as stage:
        worker = stage.worker(busy=False)
        ventilator = pipeline.ventilator(links(50))
        stage.until(lambda: len(worker.held) == 4)
        ventilator.interrupt()
        stage.until(lambda: cancelled(worker))
        worker.give_back()
        assert stage.end_of(ventilator) == 3
        assert stage.sink.last("stop")["fault"] == 5
        assert set(stage.sink.verdicts.values()) == {CANCELLED}


def test_sigterm_stops_it_so_that_it_can_be_resumed(pipeline):
    with Stage(pipeline) as stage:
        worker = stage.worker(busy=False)
        ventilator = pipeline.ventilator(links(5))
        stage.until(lambda: len(worker.held) == 4)
        ventilator.signal(signal.SIGTERM)
        assert stage.end_of(ventilator) == 3
        assert set(stage.sink.verdicts.values()) == {PENDING}


def test_a_timeout_before_there_is_a_sink_ends_the_run_when_it_comes(pipeline):
    with Stage(pipeline) as stage:
        stage.sink.stop()
        ventilator = pipeline.ventilator(links(5), "--timeout=500ms")
        ventilator.wait_for("run.cancelling")
        stage.sink.start()
        assert stage.end_of(ventilator) == 3
        assert "register" not in stage.sink.names()


def test_a_sink_that_never_comes_is_not_waited_for_for_ever(pipeline):
    ventilator = pipeline.ventilator(links(1), "--sink-wait=1s")
    assert ventilator.wait_exit() == 4
    assert "--sink-wait" in ventilator.err[-1]


def test_a_sink_that_falls_silent_is_not_waited_for_for_ever(pipeline):
    with Stage(pipeline) as stage:
        stage.sink.mute = {"end"}
        stage.worker()
        ventilator = pipeline.ventilator(links(1), f"--sink-wait={int(7 * SLOWNESS)}s")
        assert stage.end_of(ventilator) == 4
        assert stage.sink.names().count("end") >= 3


def test_what_cannot_start_says_why(pipeline):
    taken = zmq.Context.instance().socket(zmq.ROUTER)
    port = taken.bind_to_random_port("tcp://127.0.0.1")
    cases = [
        (["--control=tcp://0.0.0.0:5557"], 4, "--insecure"),
        (["--control=tcp://*:5557"], 4, "--insecure"),
        (["--sink=tcp://192.0.2.1:5560"], 4, "--insecure"),
        (["--control=nonsense"], 2, "not an endpoint"),
        ([f"--control=tcp://127.0.0.1:{port}"], 4, "taken by another"),
        (["--lanes=5600"], 2, "--lanes takes ports"),
        (["/nowhere/list.txt"], 4, "/nowhere/list.txt: No such file"),
        ([str(pipeline.folder)], 4, "is a folder"),
        (["--tries=0"], 2, "--tries is from 1 to 50"),
    ]
    for words, status, told in cases:
        ventilator = pipeline.ventilator(links(1), *words)
        assert ventilator.wait_exit() == status, words
        assert told in ventilator.err[-1], words
    ventilator = pipeline.start("thumbline-ventilator")
    assert ventilator.wait_exit() == 2 and "nothing to do" in ventilator.err[-1]
    taken.close()
