"""`thumbline run`: what it takes, how it ends, and that nothing stays however it ends."""

# ctest: timeout=900

import fcntl
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import termios

import pytest
from family import Family, Place
from flow import BIN, DEADLINE


@pytest.fixture
def place():
    made = Place()
    yield made
    made.close()


@pytest.fixture
def start(pipeline, place):
    """A run in the test's own place; returns it and its family."""
    families = []

    def start(links, *words, **popen):
        run = pipeline.run(links, *words, **{"env": place.environment, **popen})
        families.append(Family(run))
        return run, families[-1]

    yield start
    for family in families:
        family.close()


def launch(pipeline, place, *words, **popen):
    """`thumbline` with exactly these words."""
    return pipeline.start("thumbline", *words, **{"env": place.environment, **popen})


def held(web, count=40):
    """Links of which the first are done at once and the rest hang until released."""
    return web.links(8) + [web.url(f"/hang/{n}.jpg") for n in range(count - 8)]


# --- what it takes --------------------------------------------------------------------------


def test_what_nobody_says_is_images_and_a_record_named_like_the_list(pipeline, web, place):
    pipeline.list(web.links(3), name="pets.txt")
    run = launch(pipeline, place, "run", "pets.txt", "--allow-net=127.0.0.0/8")
    assert run.wait_exit() == 0
    record = pipeline.output / ".thumbline" / "pets.db"
    assert pipeline.verdicts(record=record) == {"done": 3}
    assert [n for n in pipeline.files() if n.endswith("_thumbnail.jpg")] == [
        f"{n}_thumbnail.jpg" for n in range(3)
    ]


def test_links_may_be_given_as_words(pipeline, web, place):
    words = ["run", "--allow-net=127.0.0.0/8", *web.links(2)]
    assert launch(pipeline, place, *words).wait_exit() == 0
    (record,) = (pipeline.output / ".thumbline").glob("links-*.db")
    assert pipeline.verdicts(record=record) == {"done": 2}
    # Another source, another record; the pictures stay each other's neighbours.
    words[-1] = web.url("/photo/more.png")
    assert launch(pipeline, place, *words).wait_exit() == 0
    assert len(list((pipeline.output / ".thumbline").glob("links-*.db"))) == 2
    assert web.hits.total() == 4


def test_links_may_come_down_a_pipe(pipeline, start, web):
    run, _ = start("-", stdin=subprocess.PIPE)
    for link in web.links(5):
        run.popen.stdin.write(f"{link}\n")
        run.popen.stdin.flush()
    web.wait_for_hits(5)  # they are on their way before the pipe has ended
    run.popen.stdin.close()
    assert run.wait_exit() == 0
    assert pipeline.verdicts() == {"done": 5}


def test_options_reach_the_program_that_they_concern(pipeline, start, web):
    run, _ = start(held(web, 20), "--downloads=3", "--size=32x32", "--no-originals")
    web.wait_for_hits(11)  # 8 that are done and 3 that hang
    assert web.at_once.total() == 3
    web.release()
    assert run.wait_exit() == 0
    assert max(web.most_at_once.values()) == 3
    assert all("_thumbnail" in name for name in pipeline.files())
    assert pipeline.sql("select distinct thumb_width from report") == [(32,)]


def test_two_runs_at_the_same_time_do_not_meet(pipeline, web, place):
    names = ("cats", "dogs")
    runs = []
    for name in names:
        links = [web.url(f"/hang/{name}{n}.jpg") for n in range(10)]
        pipeline.list(links, name=f"{name}.txt")
        runs.append(launch(pipeline, place, "run", f"{name}.txt", "--allow-net=127.0.0.0/8"))
    web.wait_for_hits(20)
    assert len(place.folders()) == 2
    web.release()
    for name, run in zip(names, runs):
        assert run.wait_exit() == 0
        record = pipeline.output / ".thumbline" / f"{name}.db"
        assert pipeline.verdicts(record=record) == {"done": 10}
    assert place.folders() == []


# --- what it refuses ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["tap"],
        ["run"],
        ["run", "--nonesuch", "x"],
        ["run", "--size=0x0", "http://127.0.0.1/1.jpg"],
        ["run", "--control=tcp://127.0.0.1:1", "http://127.0.0.1/1.jpg"],
        ["run", "--output=", "http://127.0.0.1/1.jpg"],
    ],
)
def test_a_wrong_word_is_told_in_a_line(pipeline, place, words):
    run = launch(pipeline, place, *words)
    assert run.wait_exit() == 2
    assert run.out == []
    if words:
        assert len(run.err) == 1 and run.err[0].startswith("thumbline: ")
    assert place.folders() == []
    assert pipeline.files() == []


def test_help_and_version_are_there_and_start_nothing(pipeline, place):
    for words, says in (
        (["--help"], "usage: thumbline run"),
        (["--version"], "thumbline "),
        (["run", "--help"], "--downloads"),
        (["run", "--version"], "thumbline "),
    ):
        run = launch(pipeline, place, *words)
        assert run.wait_exit() == 0
        assert says in "\n".join(run.out)
        assert run.err == []


def unreadable_list(pipeline, web):
    return ["missing.txt"], "missing.txt"


def folder_for_a_list(pipeline, web):
    (pipeline.folder / "folder").mkdir()
    return ["folder"], "folder"


def output_that_is_a_file(pipeline, web):
    (pipeline.folder / "taken").write_text("")
    return ["--output=taken", web.url("/photo/1.jpg")], "taken"


def output_where_nothing_can_be_made(pipeline, web):
    return ["--output=/proc/images", web.url("/photo/1.jpg")], "/proc/images"


def record_that_is_none(pipeline, web):
    (pipeline.folder / "notes.db").write_text("these are my notes, not yours\n" * 100)
    return ["--record=notes.db", web.url("/photo/1.jpg")], "notes.db"


def record_of_another_program(pipeline, web):
    with sqlite3.connect(pipeline.folder / "mail.db") as database:
        database.execute("create table mail (text)")
    return ["--record=mail.db", web.url("/photo/1.jpg")], "mail.db"


def record_in_no_folder(pipeline, web):
    return ["--record=none/run.db", web.url("/photo/1.jpg")], "none/run.db"


def helper_that_is_missing(pipeline, web):
    return ["--shrink=/nonexistent/shrink", web.url("/photo/1.jpg")], "/nonexistent/shrink"


@pytest.mark.parametrize(
    "trouble",
    [
        unreadable_list,
        folder_for_a_list,
        output_that_is_a_file,
        output_where_nothing_can_be_made,
        record_that_is_none,
        record_of_another_program,
        record_in_no_folder,
        helper_that_is_missing,
    ],
    ids=lambda trouble: trouble.__name__,
)
def test_what_cannot_start_is_named_and_leaves_nothing(pipeline, web, place, trouble):
    words, name = trouble(pipeline, web)
    run = launch(pipeline, place, "run", "--allow-net=127.0.0.0/8", *words)
    assert run.wait_exit() == 4
    assert run.out == []
    told = [line for line in run.err if name in line]
    assert len(told) == 1, run.err
    assert told[0].startswith("thumbline")
    assert web.hits.total() == 0
    assert place.folders() == []


def test_the_record_of_another_list_is_refused_and_kept(pipeline, start, web):
    run, _ = start(web.links(4))
    assert run.wait_exit() == 0
    other, _ = start(pipeline.list(web.links(6), name="other.txt"))
    assert other.wait_exit() == 4
    (told,) = [line for line in other.err if line.startswith("thumbline-ventilator: ")]
    assert "links.txt" in told and "other.txt" in told and "--record" in told
    assert pipeline.verdicts() == {"done": 4}
    assert web.hits.total() == 4


def test_a_program_that_is_not_beside_it_is_named(pipeline, web, place):
    lone = pipeline.folder / "thumbline"
    shutil.copy(BIN / "thumbline", lone)
    run = pipeline.launch(lone, "run", web.url("/photo/1.jpg"), env=place.environment)
    assert run.wait_exit() == 4
    assert len(run.err) == 1 and str(pipeline.folder / "thumbline-") in run.err[0]
    assert place.folders() == []


# --- signals --------------------------------------------------------------------------------


def test_ctrl_c_ends_gracefully_and_the_same_command_resumes(pipeline, start, web):
    links = held(web)
    run, family = start(links, "--downloads=4", "--log-level=note")
    web.wait_for_hits(12)
    family.meet_all()
    run.interrupt()
    run.wait_for("run.cancelling")
    web.release()  # what is in flight gets its grace
    assert run.wait_exit() == 3
    family.wait_all_gone()
    assert run.out[0].startswith("Took ")
    assert pipeline.verdicts() == {"done": 12, "cancelled": 28}
    again, _ = start(links, "--downloads=4")
    assert again.wait_exit() == 0
    assert pipeline.verdicts() == {"done": 40}
    assert web.hits.total() == 40


def test_a_transfer_that_outlasts_the_grace_does_not_hold_up_ctrl_c(pipeline, start, web):
    run, family = start(held(web), "--downloads=4")
    web.wait_for_hits(12)
    family.meet_all()
    run.interrupt()
    assert run.wait_exit() == 3
    family.wait_all_gone()
    assert pipeline.verdicts() == {"done": 8, "cancelled": 32}


def test_a_second_ctrl_c_ends_it_at_once(start, web, place):
    run, family = start(held(web), "--downloads=4", "--log-level=note")
    web.wait_for_hits(12)
    family.meet_all()
    run.interrupt()
    run.wait_for("run.cancelling")
    run.interrupt()
    assert run.wait_exit() == 3
    assert run.out == []
    family.wait_all_gone()
    assert place.folders() == []


def test_sigterm_stops_it_so_that_it_can_be_resumed(pipeline, start, web, place):
    links = held(web)
    run, family = start(links, "--downloads=4", "--log-level=note")
    web.wait_for_hits(12)
    family.meet_all()
    run.terminate()
    run.wait_for("worker.draining")
    web.release()
    assert run.wait_exit() == 3
    family.wait_all_gone()
    assert place.folders() == []
    verdicts = pipeline.verdicts()
    # The worker has finished what it had begun; nothing is cancelled.
    assert verdicts["done"] == 12
    assert "cancelled" not in verdicts
    again, _ = start(links)
    assert again.wait_exit() == 0
    assert pipeline.verdicts() == {"done": 40}
    assert web.hits.total() == 40


def test_a_timeout_ends_the_run(pipeline, start, web):
    run, family = start(held(web), "--downloads=4", "--timeout=500ms")
    web.wait_for_hits(12)
    family.meet_all()
    assert run.wait_exit() == 3
    family.wait_all_gone()
    assert run.out[0].startswith("Took ")
    assert pipeline.verdicts() == {"done": 8, "cancelled": 32}


class Terminal:
    """A terminal whose foreground is what is started with `popen`."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        self.popen = {"stdin": self.slave, "preexec_fn": self.take}

    def take(self):
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def type(self, text):
        os.write(self.master, text.encode())

    def close(self):
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal():
    made = Terminal()
    yield made
    made.close()


@pytest.mark.parametrize("from_terminal", [False, True], ids=["list", "typed"])
def test_the_terminals_ctrl_c_is_one_ctrl_c(pipeline, start, web, terminal, from_terminal):
    """It reaches the whole foreground. Taken twice by the ventilator it would leave at once."""
    links = held(web)
    run, family = start(
        "-" if from_terminal else links, "--downloads=4", "--log-level=note", **terminal.popen
    )
    if from_terminal:
        terminal.type("".join(f"{link}\n" for link in links))
    web.wait_for_hits(12)
    family.meet_all()
    if from_terminal:
        # Let the ventilator take it before the launcher can: two at once might count as one.
        run.signal(signal.SIGSTOP)
        terminal.type("\x03")
        run.wait_for("run.cancelling")
        run.signal(signal.SIGCONT)
    else:
        terminal.type("\x03")
        run.wait_for("run.cancelling")
    web.release()
    assert run.wait_exit() == 3
    family.wait_all_gone()
    assert pipeline.verdicts() == {"done": 12, "cancelled": 28}


def test_links_may_be_typed(pipeline, start, web, terminal):
    run, _ = start("-", **terminal.popen)
    for number, link in enumerate(web.links(3)):
        terminal.type(f"{link}\n")
        web.wait_for_hits(number + 1)
    terminal.type("\x04")
    assert run.wait_exit() == 0
    assert pipeline.verdicts() == {"done": 3}


# --- kill -9 of the launcher, and of everybody -------------------------------------------------


def test_without_the_launcher_the_others_cancel_and_leave_nothing(pipeline, start, web, place):
    links = held(web)
    run, family = start(links, "--downloads=4", "--log-level=note")
    web.wait_for_hits(12)
    family.meet_all()
    assert len(place.folders()) == 1
    run.kill()
    run.wait_for("run.cancelling")
    web.release()
    family.wait_all_gone()
    assert place.folders() == []
    assert pipeline.verdicts() == {"done": 12, "cancelled": 28}
    again, _ = start(links)
    assert again.wait_exit() == 0
    assert pipeline.verdicts() == {"done": 40}


@pytest.mark.parametrize("also", [["ventilator"], ["sink"], ["worker"], ["ventilator", "worker"]])
def test_who_is_left_without_the_launcher_goes_too(start, web, place, also):
    run, family = start(held(web), "--downloads=4")
    web.wait_for_hits(12)
    family.meet_all()
    run.signal(signal.SIGSTOP)  # or it would start them again
    for name in also:
        family.kill(name)
    run.kill()
    family.wait_all_gone(4 * DEADLINE)
    assert place.folders() == []


def test_what_a_massacre_leaves_the_next_run_sweeps(pipeline, start, web, place):
    links = held(web)
    _, family = start(links, "--downloads=4")
    web.wait_for_hits(12)
    family.kill_all()
    (left,) = place.folders()
    assert list((place.path / left).iterdir()) != []
    web.release()
    again, _ = start(links)
    assert again.wait_exit() == 0
    assert place.folders() == []
    assert pipeline.verdicts() == {"done": 40}


def test_a_running_neighbour_is_not_swept(pipeline, start, web, place):
    first, _ = start(held(web, 12))
    web.wait_for_hits(12)
    second = launch(pipeline, place, "run", web.url("/photo/x.jpg"), "--allow-net=127.0.0.0/8")
    assert second.wait_exit() == 0
    assert len(place.folders()) == 1
    web.release()
    assert first.wait_exit() == 0
    assert place.folders() == []


# --- programs that die ------------------------------------------------------------------------


def test_a_worker_that_always_dies_is_given_up(pipeline, start, web):
    run, family = start(held(web), "--downloads=4")
    web.wait_for_hits(8)
    for count in range(1, 6):
        family.kill("worker")
        run.wait_for("child.restarted", count=count, program="thumbline-worker")
    family.kill("worker")
    assert run.wait_exit() == 3
    assert len(run.events("child.given-up", program="thumbline-worker")) == 1
    assert run.out[0].startswith("Took ")
    # What a worker had begun when it died the third time is lost, the rest is cancelled.
    verdicts = pipeline.verdicts()
    assert sum(verdicts.values()) == 40 and verdicts["cancelled"] > 0
    assert verdicts.keys() <= {"done", "lost", "cancelled"}


def test_a_ventilator_reads_a_file_on_its_input_again(pipeline, start):
    count = 100_000
    path = pipeline.list(f"http://127.0.0.1:1/{n}.jpg" for n in range(count))
    with open(path, encoding="utf-8") as links:
        run, family = start("-", "--null", stdin=links)
        while os.lseek(links.fileno(), 0, os.SEEK_CUR) == 0:
            assert run.is_running()
            os.sched_yield()
        family.kill("ventilator")  # it has read what it has not yet registered
        assert run.wait_exit() == 0
    assert len(run.events("child.restarted", program="thumbline-ventilator")) == 1
    assert run.events("input.torn") == []
    assert pipeline.verdicts() == {"done": count}


def test_what_a_ventilator_had_read_of_a_pipe_is_not_passed_over_in_silence(
    pipeline, start, web
):
    links = held(web)
    text = "".join(f"{link}\n" for link in links)
    run, family = start("-", "--downloads=4", stdin=subprocess.PIPE)
    run.popen.stdin.write(text)
    run.popen.stdin.flush()
    web.wait_for_hits(12)
    family.kill("ventilator")
    run.wait_for("input.torn")
    web.release()
    run.popen.stdin.close()
    assert run.wait_exit() == 3  # whatever the sink says: it cannot know
    again, _ = start("-", stdin=subprocess.PIPE)
    again.popen.stdin.write(text)
    again.popen.stdin.close()
    assert again.wait_exit() == 0
    assert pipeline.verdicts() == {"done": 40}
