"""Workers come and go, runs share them, and everybody may be started in any order."""

import pytest


def links(web, count, start=0):
    return [web.url(f"/photo/{i}.jpg") for i in range(start, start + count)]


def held_links(web, count):
    """Links whose transfers hang until the test releases them."""
    return [web.url(f"/hang/{i}.jpg") for i in range(count)]


def shares(pipeline, record=None):
    """How many links each worker has reported."""
    query = "select worker, count(*) from result where worker <> '' group by worker"
    return dict(pipeline.sql(query, record=record))


def test_a_worker_that_joins_late_gets_work_at_once(pipeline, web):
    sink = pipeline.sink()
    pipeline.worker("--downloads=4", name="early")
    pipeline.ventilator(held_links(web, 60))
    web.wait_for_hits(4)  # the early one is full and every transfer hangs
    late = pipeline.worker("--downloads=4", name="late")
    web.wait_for_hits(8)  # the late one has begun although nothing has ended yet
    web.release()
    assert sink.wait_exit() == 0
    assert pipeline.verdicts() == {"done": 60}
    assert shares(pipeline)["late"] >= 4
    assert late.is_running()  # workers outlive runs


def test_a_worker_that_drains_returns_what_it_has_not_begun_and_loses_nothing(pipeline, web):
    sink = pipeline.sink()
    leaver = pipeline.worker("--downloads=2", name="leaver")
    ventilator = pipeline.ventilator(held_links(web, 40))
    web.wait_for_hits(2)
    leaver.terminate()
    leaver.wait_for("worker.draining")
    stayer = pipeline.worker("--downloads=4", name="stayer")
    # What the leaver had not begun is with the stayer while the leaver still works: no
    # timer of silence was waited for.
    web.wait_for_hits(6)
    assert leaver.is_running()
    web.release()
    assert leaver.wait_exit() == 0
    assert sink.wait_exit() == 0
    assert pipeline.verdicts() == {"done": 40}
    assert shares(pipeline)["leaver"] == 2
    assert not ventilator.events("worker.lost")
    assert stayer.is_running()
    attempts = pipeline.sql("select max(tries) from result")
    assert attempts == [(1,)]  # nothing was tried twice


def test_the_same_workers_serve_one_run_after_the_other(pipeline, web):
    worker = pipeline.worker(name="w")
    for number in range(3):
        record = pipeline.folder / f"run{number}.db"
        sink = pipeline.sink(record=record)
        ventilator = pipeline.ventilator(
            pipeline.list(links(web, 20, start=100 * number), f"list{number}.txt"))
        assert ventilator.wait_exit() == 0
        assert sink.wait_exit() == 0
        assert pipeline.verdicts(record) == {"done": 20}
        assert shares(pipeline, record) == {"w": 20}
    assert worker.is_running()


def test_two_runs_at_once_share_one_pool_fairly_and_both_end(pipeline, web):
    pools = [f"--ventilator={pipeline.endpoint('control2')}", "--downloads=8"]
    workers = [pipeline.worker(*pools, name=name) for name in ("a", "b")]
    records = {n: pipeline.folder / f"run{n}.db" for n in ("", "2")}
    sinks = {n: pipeline.sink(record=r, number=n) for n, r in records.items()}
    for n in records:
        # The first transfers hang until both runs have both workers.
        paths = [f"/{'hang' if i < 20 else 'photo'}/{n or 1}-{i}.jpg" for i in range(400)]
        ventilator = pipeline.ventilator(
            pipeline.list([web.url(path) for path in paths], f"list{n}.txt"), number=n)
        ventilator.wait_for("lane.open", count=2)
    web.wait_for_hits(16)
    web.release()
    assert sinks[""].wait_exit() == 0
    # Its links were 400 and it began first; a fair share of the other's is done by now.
    assert pipeline.verdicts(records["2"]).get("done", 0) >= 120
    assert sinks["2"].wait_exit() == 0
    for record in records.values():
        assert pipeline.verdicts(record) == {"done": 400}
        assert set(shares(pipeline, record)) == {"a", "b"}  # both had a part in both
    assert all(worker.is_running() for worker in workers)


@pytest.mark.parametrize("order", [
    ("ventilator", "worker", "sink"),
    ("worker", "ventilator", "sink"),
    ("sink", "ventilator", "worker"),
    ("worker", "sink", "ventilator"),
    ("ventilator", "sink", "worker"),
])
def test_whoever_starts_first_waits_with_one_line_and_goes_on(pipeline, web, order):
    waiting = {"ventilator": "sink.waiting", "sink": "run.waiting"}
    start = {
        "sink": pipeline.sink,
        "worker": lambda: pipeline.worker(name="w"),
        "ventilator": lambda: pipeline.ventilator(links(web, 10)),
    }
    started = {}
    for program in order:
        started[program] = start[program]()
        if program == order[0] and program in waiting:
            started[program].wait_for(waiting[program])
    assert started["sink"].wait_exit() == 0
    assert started["ventilator"].wait_exit() == 0
    assert pipeline.verdicts() == {"done": 10}
    for program, event in waiting.items():
        assert len(started[program].events(event)) <= 1


@pytest.mark.parametrize("program, words", [
    ("thumbline-ventilator", ["--control=tcp://0.0.0.0:5557", "http://example.org/a.jpg"]),
    ("thumbline-ventilator", ["--sink=tcp://192.0.2.1:5560", "http://example.org/a.jpg"]),
    ("thumbline-worker", ["--ventilator=tcp://192.0.2.1:5557"]),
    ("thumbline-worker", ["--ventilator=tcp://head.example:5550-5557"]),
    ("thumbline-sink", ["--record=x.db", "--run=tcp://*:5560"]),
    ("thumbline-sink", ["--record=x.db", "--report=tcp://[::]:5558"]),
])
def test_nothing_is_opened_beyond_this_machine_without_being_told(pipeline, program, words):
    # Their other endpoints are kept away from ports that may be in use.
    away = {
        "thumbline-ventilator": [f"--control={pipeline.endpoint('c')}"],
        "thumbline-worker": [],
        "thumbline-sink": [f"--run={pipeline.endpoint('r')}",
                           f"--report={pipeline.endpoint('p')}"],
    }[program]
    process = pipeline.start(program, *away, *words)
    assert process.wait_exit() == 4
    assert "--insecure" in "\n".join(process.err)


def test_two_sinks_cannot_have_one_port_and_the_line_names_it(pipeline):
    first = pipeline.start("thumbline-sink", "--record=a.db", "--run=tcp://127.0.0.1:*",
                           f"--report={pipeline.endpoint('report')}")
    endpoint = first.wait_for("sink.ready").fields["run"]
    second = pipeline.start("thumbline-sink", "--record=b.db", f"--run={endpoint}",
                            f"--report={pipeline.endpoint('report2')}")
    assert second.wait_exit() == 4
    assert endpoint in second.err[-1] and "taken" in second.err[-1]
