"""`thumbline run` in one go: pictures in, thumbnails out, nothing left behind."""

# ctest: smoke

import pytest
from family import Place
from PIL import Image


@pytest.fixture
def place():
    made = Place()
    yield made
    made.close()


def test_a_list_becomes_pictures_thumbnails_and_a_summary(pipeline, web, place):
    names = ["a.jpg", "b.png", "c.gif", "d.webp"]
    links = [web.url(f"/photo/{name}") for name in names] + [web.url("/missing/e.jpg")]
    run = pipeline.run(links, env=place.environment)
    assert run.wait_exit() == 1
    assert run.out[0].startswith("Took ")
    assert any("4 done" in line and "1 failed" in line for line in run.out)
    assert pipeline.verdicts() == {"done": 4, "failed": 1}
    for name in names:
        stem, _, suffix = name.partition(".")
        original = Image.open(pipeline.output / name)
        thumbnail = Image.open(pipeline.output / f"{stem}_thumbnail.{suffix}")
        assert original.size == (320, 240)
        assert thumbnail.size == (128, 96)
        assert thumbnail.format == original.format
    assert len(pipeline.files()) == 2 * len(names)
    assert place.folders() == []


def test_the_same_command_again_does_nothing_again(pipeline, web, place):
    links = web.links(20)
    assert pipeline.run(links, env=place.environment).wait_exit() == 0
    files = {name: (pipeline.output / name).stat().st_mtime_ns for name in pipeline.files()}
    hits = web.hits.total()
    assert hits == 20
    again = pipeline.run(links, env=place.environment)
    assert again.wait_exit() == 0
    assert web.hits.total() == hits
    assert {n: (pipeline.output / n).stat().st_mtime_ns for n in pipeline.files()} == files
    assert pipeline.verdicts() == {"done": 20}
    assert place.folders() == []
