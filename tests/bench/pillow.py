#!/usr/bin/python3
"""CPU of a thumbnail by Pillow in one process: what bench_shrink is compared with.

usage: pillow.py REPEATS PICTURE..."""
import io
import resource
import sys

from PIL import Image


def cpu_ms():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return 1e3 * (used.ru_utime + used.ru_stime)


pictures = [open(path, "rb").read() for path in sys.argv[2:]]
Image.init()
for _ in range(int(sys.argv[1])):
    size = 0
    before = cpu_ms()
    for picture in pictures:
        image = Image.open(io.BytesIO(picture))
        kind = image.format
        image.thumbnail((128, 128))
        thumb = io.BytesIO()
        image.save(thumb, kind)
        size += thumb.tell()
    took = (cpu_ms() - before) / len(pictures)
    print(f"pillow  cpu_ms={took:.3f} thumb_bytes={size // len(pictures)}")
