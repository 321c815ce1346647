"""Kill -9 any process in the middle of 2,000 links, start it again, and every link has
exactly one verdict, the files are those of the record, and none is left half written.

# ctest: timeout=900
"""

import hashlib
import os
import pathlib
import signal

import pytest

LINKS = 2000
FAILING = 40  # of them are not there


def all_links(web):
    good = [web.url(f"/photo/{i}.jpg?size=96x72") for i in range(LINKS - FAILING)]
    bad = [web.url(f"/missing/{i}.jpg") for i in range(FAILING)]
    mixed = good + bad
    return [mixed[i * 7919 % LINKS] for i in range(LINKS)]  # the bad ones all over


def check_record(pipeline):
    assert pipeline.verdicts() == {"done": LINKS - FAILING, "failed": FAILING}
    assert pipeline.sql("select count(*), count(distinct id) from report") == [(LINKS, LINKS)]
    assert pipeline.sql("select count(*) from link") == [(LINKS,)]
    assert pipeline.sql("pragma integrity_check") == [("ok",)]


def check_files(pipeline):
    """The folder holds what the record says, byte for byte, and nothing else."""
    recorded = pipeline.sql(
        "select name, thumb, sha256, bytes, thumb_bytes from report where verdict = 1")
    names = [name for row in recorded for name in row[:2]]
    assert len(set(names)) == len(names)
    assert pipeline.files() == sorted(names)
    for name, thumb, sha256, size, thumb_size in recorded:
        original = (pipeline.output / name).read_bytes()
        assert len(original) == size
        assert hashlib.sha256(original).digest() == sha256
        thumbnail = (pipeline.output / thumb).read_bytes()
        assert len(thumbnail) == thumb_size
        assert thumbnail.startswith(b"\xff\xd8") and thumbnail.endswith(b"\xff\xd9")


class Scene:
    """The three programs, each of which may be killed and started again."""

    def __init__(self, pipeline, web):
        self.pipeline = pipeline
        self.web = web
        self.list = pipeline.list(all_links(web))
        self.start = {
            "sink": pipeline.sink,
            "worker": lambda: pipeline.worker(name="w"),
            "ventilator": lambda: pipeline.ventilator(self.list),
        }
        self.running = {name: start() for name, start in self.start.items()}

    def kill_and_restart(self, name):
        self.running[name].kill()
        self.running[name] = self.start[name]()

    def kill_a_helper(self):
        helpers = self.running["worker"].children()
        assert helpers
        os.kill(helpers[0], signal.SIGKILL)

    def finish(self):
        # A sink that came back after the end has a complete record and a verdict too.
        assert self.running["sink"].wait_exit(120) == 1
        assert self.running["ventilator"].wait_exit() == 1
        check_record(self.pipeline)
        check_files(self.pipeline)


@pytest.mark.parametrize("victim", ["worker", "sink", "ventilator"])
def test_one_that_is_killed_in_the_middle_costs_nothing(pipeline, web, victim):
    scene = Scene(pipeline, web)
    for hits in (300, 900):
        web.wait_for_hits(hits)
        scene.kill_and_restart(victim)
    scene.finish()


def test_helpers_that_are_killed_cost_nothing(pipeline, web):
    scene = Scene(pipeline, web)
    for hits in range(200, 1600, 200):
        web.wait_for_hits(hits)
        scene.kill_a_helper()
    scene.finish()
    # A helper's death costs its picture one more try in a fresh one, never the link.
    assert scene.running["worker"].is_running()


def test_all_killed_at_once_go_on_where_they_were(pipeline, web):
    scene = Scene(pipeline, web)
    web.wait_for_hits(500)
    for process in scene.running.values():
        process.kill()
    settled = pipeline.sql("select count(*) from report")[0][0]
    assert 0 < settled < LINKS
    scene.running = {name: start() for name, start in scene.start.items()}
    scene.finish()
    # What had settled was not fetched again: all others once, what was in flight twice.
    assert web.hits.total() <= LINKS + 500 + 200 - settled


def test_killed_in_turns_nothing_is_lost(pipeline, web):
    scene = Scene(pipeline, web)
    for turn, victim in enumerate(["worker", "sink", "ventilator"] * 2):
        web.wait_for_hits(200 + 220 * turn)
        scene.kill_and_restart(victim)
    scene.finish()


def test_no_temporary_file_is_left_behind(pipeline, web):
    """Killed while transfers and writing go on, a worker leaves temporary files; the same
    worker sweeps them up when it comes back."""
    scene = Scene(pipeline, web)
    for hits in (150, 400, 650, 900):
        web.wait_for_hits(hits)
        scene.kill_and_restart("worker")
    scene.finish()
    hidden = [p for p in pathlib.Path(pipeline.output).rglob(".*")]
    assert hidden == []
