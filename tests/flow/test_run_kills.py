"""Kill -9 of any program of a `thumbline run` in the middle of 2,000 links: the launcher
starts it again, and every link ends once, with the files that the record says."""

# ctest: timeout=900

import os
import signal

import pytest
from family import Family, Place
from test_kills import all_links, check_files, check_record


@pytest.fixture
def scene(pipeline, web):
    place = Place()
    run = pipeline.run(pipeline.list(all_links(web)), env=place.environment)
    family = Family(run)
    yield run, family
    family.close()
    folders = place.folders()
    place.close()
    assert folders == []


def finish(pipeline, run):
    assert run.wait_exit(120) == 1
    check_record(pipeline)
    check_files(pipeline)


@pytest.mark.parametrize("victim", ["worker", "sink", "ventilator"])
def test_a_program_that_is_killed_is_started_again(pipeline, web, scene, victim):
    run, family = scene
    for count, hits in enumerate((300, 900), start=1):
        web.wait_for_hits(hits)
        family.kill(victim)
        run.wait_for("child.restarted", count=count, program=f"thumbline-{victim}")
    family.meet_all()
    finish(pipeline, run)
    family.wait_all_gone()


def test_helpers_that_are_killed_cost_nothing(pipeline, web, scene):
    run, family = scene
    for hits in (300, 600, 900):
        web.wait_for_hits(hits)
        os.kill(family.helpers()[0], signal.SIGKILL)
    finish(pipeline, run)
    assert run.events("child.restarted") == []


def test_all_of_them_in_turns(pipeline, web, scene):
    run, family = scene
    for turn, victim in enumerate(["ventilator", "worker", "sink"] * 2):
        web.wait_for_hits(200 + 200 * turn)
        family.kill(victim)
        run.wait_for("child.restarted", count=1 + turn)
    finish(pipeline, run)
