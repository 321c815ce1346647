"""A worker written in Python from PROTOCOL.md alone takes part like any other."""


import msgpack
import pytest
import zmq
from PIL import Image

import thumbline_peer as peer
from flow import DEADLINE

FAULTS = {
    "/missing/a.jpg": ("failed", 42),
    "/page/b.jpg": ("failed", 60),
    "/empty/c.jpg": ("failed", 50),
    "/truncated/d.jpg": ("failed", 63),
    "/redirect/photo/e.png": ("done", 0),
    "/flaky/1/f.jpg": ("done", 0),
    "/photo/g.gif": ("done", 0),
    "/photo/h.webp": ("done", 0),
}


def check_files(pipeline):
    """Each link that is done has its original and its thumbnail, whole and no larger
    than asked for; and there is nothing else."""
    done = pipeline.sql("select file, thumb from result where verdict = 'done'")
    assert pipeline.files() == sorted(name for pair in done for name in pair)
    for _, thumb in done:
        with Image.open(pipeline.output / thumb) as image:
            image.load()
            assert max(image.size) <= 128


def test_a_python_worker_completes_a_run(pipeline, web):
    links = web.links(40) + [web.url(path) for path in FAULTS]
    sink = pipeline.sink()
    pipeline.python_worker("snake")
    ventilator = pipeline.ventilator(links)
    assert sink.wait_exit() == 1  # some failed, as they should
    assert ventilator.wait_exit() in (0, 1)
    rows = pipeline.sql("select url, verdict, fault, worker from result order by line")
    assert [row[0] for row in rows] == links
    for url, verdict, fault, worker in rows:
        path = "/" + url.split("/", 3)[3]
        assert (verdict, fault) == FAULTS.get(path, ("done", 0)), url
        assert worker in ("snake", "")  # the ventilator rules on what it gives up
    check_files(pipeline)


def test_killed_in_the_middle_it_loses_nothing(pipeline, web):
    sink = pipeline.sink()
    python = pipeline.python_worker("snake")
    pipeline.ventilator(web.links(400))
    web.wait_for_hits(50)
    python.kill()
    pipeline.worker(name="other")
    assert sink.wait_exit() == 0
    assert pipeline.verdicts() == {"done": 400}


def test_it_leaves_in_order_and_others_go_on(pipeline, web):
    sink = pipeline.sink()
    python = pipeline.python_worker("snake")
    pipeline.ventilator(web.links(400))
    web.wait_for_hits(50)
    python.terminate()
    assert python.wait_exit() == 0
    pipeline.worker(name="other")
    assert sink.wait_exit() == 0
    assert pipeline.verdicts() == {"done": 400}
    check_files(pipeline)


STRANGER = msgpack.packb([2, "hello", {"from": "the future"}])


def names_both_versions(text):
    return "version 2" in text and "speak 1" in text


def check_one_line(process, event):
    process.wait_for(event)
    lines = [line for line in process.err if "version 2" in line]
    assert len(lines) == 1 and names_both_versions(lines[0])
    assert process.is_running()


@pytest.mark.parametrize("channel", ["control", "run"])
def test_a_peer_of_another_version_is_told_so(pipeline, web, channel):
    sink = pipeline.sink()
    ventilator = pipeline.ventilator(web.links(1))
    with zmq.Context() as context:
        with peer.connect(context, zmq.DEALER, pipeline.endpoint(channel)) as stranger:
            stranger.send(STRANGER)
            assert stranger.poll(DEADLINE * 1000), "no answer"
            name, message = peer.unpack(stranger.recv())
    assert name == "refused" and names_both_versions(message["why"])
    if channel == "control":
        check_one_line(ventilator, "control.refused")
    else:
        check_one_line(sink, "sink.refused")


def test_a_report_of_another_version_is_refused(pipeline):
    sink = pipeline.sink()
    with zmq.Context() as context:
        with peer.connect(context, zmq.PUSH, pipeline.endpoint("report")) as stranger:
            stranger.send(STRANGER)
            check_one_line(sink, "sink.refused")


def test_a_worker_refuses_a_ventilator_of_another_version(pipeline):
    with zmq.Context() as context, context.socket(zmq.ROUTER) as ventilator:
        ventilator.bind(pipeline.endpoint("control"))
        worker = pipeline.worker()
        for _ in range(2):  # it keeps asking, and complains once
            assert ventilator.poll(DEADLINE * 1000), "no hello"
            who, frame = ventilator.recv_multipart()
            assert peer.unpack(frame)[0] == "hello"
            ventilator.send_multipart([who, STRANGER])
        check_one_line(worker, "control.bad_message")
