#!/usr/bin/python3
"""thumbline_peer — a worker in another language, written from proto/PROTOCOL.md alone.

Why it exists: a protocol that only one implementation speaks is whatever that one does.
This one shares no code and no tables with it. It is a whole worker: it downloads with
urllib, makes thumbnails with Pillow, and can be killed, drained and started again.

    thumbline_peer.py --ventilator tcp://head:5557 [--name NAME] [--output-root DIR]

Tests also use its parts: pack, unpack, and the sockets.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import io
import os
import pathlib
import queue
import random
import re
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import msgpack
import zmq
import zmq.utils.monitor
from PIL import Image, ImageOps

MAJOR = 1
BEAT_SECONDS = 1.0
CACHE_REPORTS = 4096
LANE_IS_DEAD = zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED | zmq.EVENT_CONNECT_RETRIED
DONE, FAILED = 1, 2
FAULTS = {"dns_failed": 20, "connect_failed": 21, "timeout": 23, "conn_reset": 24}
FAULTS |= {"partial_body": 26, "http_4xx": 42, "http_5xx": 44, "rate_limited": 45}
FAULTS |= {"too_large": 49, "empty_body": 50, "not_an_image": 60, "decode_failed": 63}
FAULTS |= {"write_failed": 80}
RETRIED = {20, 21, 23, 24, 26, 44, 45, 50, 80}
OPTIONS = {
    "size": "128x128",
    "output": "images",
    "originals": "yes",
    "sync": "yes",
    "connect-timeout": "5s",
    "transfer-timeout": "30s",
    "low-speed-time": "10s",
    "body-cap": "32MiB",
    "contact": "",
}
TIME_UNITS = {"": 1, "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
UNITS |= {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


# ---- frames ------------------------------------------------------------------------------


class Refused(Exception):
    """A frame that is not of our protocol."""


def pack(name, /, **fields):
    """A frame; what is zero is left out."""
    return msgpack.packb([MAJOR, name, {k: v for k, v in fields.items() if v}])


def unpack(frame):
    """(name, fields) of a frame; fields that are absent are None, which is zero enough."""
    try:
        message = msgpack.unpackb(frame)
    except (ValueError, msgpack.UnpackException) as problem:
        raise Refused(f"malformed: {problem}") from problem
    if not isinstance(message, list) or not message or not isinstance(message[0], int):
        raise Refused("malformed: not an array that begins with a version")
    if message[0] != MAJOR:
        raise Refused(f"the peer speaks version {message[0]}, we speak {MAJOR}")
    if len(message) != 3 or not isinstance(message[2], dict):
        raise Refused("malformed: not [major, name, map]")
    return message[1], collections.defaultdict(lambda: None, message[2])


# ---- sockets -----------------------------------------------------------------------------


def connect(context, kind, endpoint, **options):
    made = context.socket(kind)
    common = {"MAXMSGSIZE": 65536, "HEARTBEAT_IVL": 2000, "HEARTBEAT_TIMEOUT": 6000}
    for option, value in (common | {"HEARTBEAT_TTL": 6000, "IPV6": 1} | options).items():
        made.setsockopt(getattr(zmq, option), value)
    made.connect(endpoint)
    return made


def place(control, port, host, path):
    """The endpoint a grant means, given where its ventilator was dialled."""
    if path:
        return f"ipc://{path}"
    dialled = control.removeprefix("tcp://").rpartition(":")[0]
    return f"tcp://{host or dialled}:{port}"


# ---- what is done with a link ------------------------------------------------------------


class Fault(Exception):
    def __init__(self, label, http=0, after=0, detail=""):
        super().__init__(label)
        self.number, self.http, self.after, self.detail = FAULTS[label], http, after, detail


def seconds(text):
    return sum(int(n) * TIME_UNITS[unit] for n, unit in re.findall(r"(\d+)([a-z]*)", text))


def size_in_bytes(text):
    digits = "".join(letter for letter in text if letter.isdigit())
    return int(digits) * UNITS[text[len(digits) :]]


def download(url, options):
    """(bytes, status, final URL) or a Fault."""
    cap = size_in_bytes(options["body-cap"])
    try:
        limit = seconds(options["transfer-timeout"])
        with urllib.request.urlopen(url, timeout=limit) as answer:
            body = answer.read(cap + 1)
            if len(body) > cap:
                raise Fault("too_large", answer.status)
            if not body:
                raise Fault("empty_body", answer.status)
            if len(body) < int(answer.headers.get("Content-Length", 0)):
                raise Fault("partial_body", answer.status)
            return body, answer.status, answer.url
    except urllib.error.HTTPError as error:
        label = "rate_limited" if error.code == 429 else f"http_{error.code // 100}xx"
        after = error.headers.get("Retry-After", "0")
        after = int(after) * 1000 if after.isdigit() else 0
        raise Fault(label, error.code, after, str(error)) from error
    except (TimeoutError, socket.timeout) as error:
        raise Fault("timeout") from error
    except urllib.error.URLError as error:
        resolved = not isinstance(error.reason, socket.gaierror)
        raise Fault("connect_failed" if resolved else "dns_failed", detail=str(error)) from error
    except OSError as error:
        raise Fault("conn_reset", detail=str(error)) from error


def thumbnail(body, options):
    """(kind, width, height, thumbnail's size, its bytes) or a Fault."""
    try:
        image = Image.open(io.BytesIO(body))
    except OSError as error:
        raise Fault("not_an_image") from error
    kind = image.format
    box = tuple(int(side) for side in options["size"].split("x"))
    try:
        image = ImageOps.exif_transpose(image)
        upright = image.size
        image.thumbnail(box)
        out = io.BytesIO()
        image.save(out, kind)
    except (OSError, SyntaxError) as error:
        raise Fault("decode_failed", detail=str(error)) from error
    return kind.lower(), upright, image.size, out.getvalue()


ENDINGS = {"jpeg": ("jpg", "jpeg", "jpe", "jfif"), "tiff": ("tif", "tiff")}


def file_names(task, kind, own=False):
    """Of the original and its thumbnail, below the run's output."""
    name = task["name"]
    if "/" in name or name.startswith(".") or any(ord(letter) < 32 for letter in name):
        raise Fault("write_failed", detail="the name is not safe")
    stem, ending = os.path.splitext(name)
    endings = ENDINGS.get(kind, (kind,))
    ending = ending[1:] if ending[1:].lower() in endings else endings[0]
    stem += f"-{task['key'].hex()[:8]}" if own else ""
    return f"{stem}.{ending}", f"{stem}_thumbnail.{ending}"


def is_of_this_link(path, content, key):
    """Is what lies there the file that we want, or another version of it?"""
    there = path.read_bytes()
    try:
        stamp = os.getxattr(path, "user.thumbline")
    except OSError:
        stamp = b""
    return there == content or stamp == key + hashlib.sha256(there).digest()


def publish(path, content, key, sync):
    """Nobody ever sees half a file, and no file is replaced. False: the name is taken by
    somebody else's."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with open(draft, "wb") as file:
            file.write(content)
            try:
                os.setxattr(draft, "user.thumbline", key + hashlib.sha256(content).digest())
            except OSError:
                pass  # not every file system has attributes
            if sync:
                os.fsync(file.fileno())
        try:
            os.link(draft, path)
            return True
        except FileExistsError:
            return is_of_this_link(path, content, key)
        finally:
            draft.unlink()
    except OSError as error:
        raise Fault("write_failed", detail=str(error)) from error


def work_on(task, options, root):
    """The fields of a report of success, or a Fault."""
    folder = pathlib.Path(root, options["output"])
    began = time.monotonic()
    body, status, url = download(task["url"], options)
    loaded = time.monotonic()
    kind, (width, height), (small_width, small_height), small = thumbnail(body, options)
    shrunk = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    keep = options["originals"] in ("yes", "true", "1")
    sync = options["sync"] in ("yes", "true", "1")
    for own in (False, True):
        name, thumb = file_names(task, kind, own)
        if keep and not publish(folder / name, body, task["key"], sync):
            continue
        if publish(folder / thumb, small, task["key"], sync):
            break
    else:
        raise Fault("write_failed", detail="both names are taken")
    stored = time.monotonic()
    micro = lambda begin, end: int((end - begin) * 1e6)
    return dict(
        verdict=DONE,
        http=status,
        url=url if url != task["url"] else None,
        type=kind,
        bytes=len(body),
        sha256=hashlib.sha256(body).digest(),
        width=width,
        height=height,
        thumb_width=small_width,
        thumb_height=small_height,
        thumb_bytes=len(small),
        name=name if keep else None,
        thumb=thumb,
        body=micro(began, loaded),
        shrink=micro(loaded, shrunk),
        store=micro(shrunk, stored),
    )


# ---- the worker --------------------------------------------------------------------------


class Run:
    """What this worker is and has in one run."""

    def __init__(self, number):
        self.number = number
        self.epoch = self.lane = self.top = self.done = self.bytes = 0
        self.tasks = self.reports = self.monitor = None  # sockets
        self.options = {}
        self.trouble = ""
        self.held = {}  # id: (task, when it came), in the order of arrival
        self.begun = set()
        self.cancelled = False
        self.cache = collections.OrderedDict()  # id: report
        self.outbox = collections.deque()  # (id, report) that REPORT had no room for

    def close_lane(self):
        for made in (self.monitor, self.tasks):
            if made:
                made.close(linger=0)
        self.tasks = self.monitor = None
        self.lane = self.top = 0

    def close(self):
        self.close_lane()
        if self.reports:
            self.reports.close()
        self.reports = None


class Place:
    """One CONTROL endpoint, and the run that its ventilator has."""

    def __init__(self, context, endpoint):
        self.endpoint = endpoint
        self.control = connect(context, zmq.DEALER, endpoint, IMMEDIATE=1, LINGER=1000)
        self.run = None


class Worker:
    def __init__(self, endpoints, name, root=".", slots=8, at_once=4, work=work_on):
        self.context = zmq.Context()
        self.places = [Place(self.context, endpoint) for endpoint in endpoints]
        self.name, self.root, self.slots, self.work = name, root, slots, work
        self.boot = random.SystemRandom().randrange(1, 1 << 63)
        self.pool = concurrent.futures.ThreadPoolExecutor(at_once)
        self.at_once = at_once
        self.results = queue.SimpleQueue()  # (place, run, id, outcome), from the pool
        self.woken, self.waker = socket.socketpair()
        self.waker.setblocking(False)
        self.draining = False
        self.next_beat = 0.0

    def drain(self):
        """From a signal handler or another thread: leave in order."""
        self.draining = True
        self.wake()

    def wake(self):
        try:
            self.waker.send(b"!")
        except BlockingIOError:
            pass  # it is awake already

    def loop(self):
        said = False
        while True:
            if self.draining and not said:
                said = True
                for p in self.places:
                    self.give_back(p)
                    self.beat(p)
            if self.draining and not any(p.run and p.run.held for p in self.places):
                break
            self.poll()
        for p in self.places:
            self.beat(p)
            if p.run:
                p.run.close()
            p.control.close()
        self.context.term()  # waits for lingering reports

    def poll(self):
        poller = zmq.Poller()
        poller.register(self.woken, zmq.POLLIN)
        for p in self.places:
            for made in (p.control, p.run and p.run.tasks, p.run and p.run.monitor):
                if made:
                    poller.register(made, zmq.POLLIN)
        late = max(0.0, self.next_beat - time.monotonic())
        ready = dict(poller.poll(late * 1000))
        if self.woken.fileno() in ready:
            self.woken.recv(4096)
        for p in self.places:
            self.read_lane(p)
            self.read_control(p)
        self.take_results()
        if time.monotonic() >= self.next_beat:
            self.next_beat = time.monotonic() + BEAT_SECONDS
            for p in self.places:
                self.beat(p)

    # ---- CONTROL -------------------------------------------------------------------------

    def say(self, p, name, /, **fields):
        try:
            p.control.send(pack(name, **fields), zmq.NOBLOCK)
        except zmq.Again:
            pass  # nobody there: it will be said again

    def beat(self, p):
        run = p.run
        if run is None:
            if not self.draining:
                self.say(p, "hello", worker=self.name, boot=self.boot, release="python",
                         slots=self.slots)
            return
        self.send_reports(p)
        self.say(p, "heartbeat", worker=self.name, boot=self.boot, run=run.number,
                 lane=run.lane, top=run.top, draining=self.draining,
                 slots=0 if run.trouble or self.draining else self.slots,
                 held=list(run.held), begun=[i for i in run.held if i in run.begun],
                 done=run.done, bytes=run.bytes, trouble=run.trouble)

    def read_control(self, p):
        handlers = {"grant": self.on_grant, "answer": self.on_answer}
        handlers["refused"] = lambda p, m: log("worker.refused", m["why"])
        while True:
            try:
                name, message = unpack(p.control.recv(zmq.NOBLOCK))
                handlers[name](p, message)
            except zmq.Again:
                return
            except (Refused, KeyError) as problem:
                log("control.dropped", problem)

    def on_grant(self, p, grant):
        if self.draining:
            return
        if p.run is None or p.run.number != grant["run"]:
            if p.run:
                p.run.close()
            p.run = Run(grant["run"])
        run = p.run
        if grant["epoch"] < run.epoch or (run.tasks and grant["lane"] == run.lane):
            return
        run.options = dict(OPTIONS)
        wanted = {o["name"]: o.get("value", "") for o in grant["options"] or []}
        unknown = sorted(set(wanted) - set(OPTIONS))
        run.trouble = f"does not know the options {unknown}" if unknown else ""
        run.options.update(wanted)
        run.epoch = grant["epoch"]
        run.close_lane()
        run.lane = grant["lane"]
        lane = place(p.endpoint, grant["port"], "", grant["path"])
        run.tasks = connect(self.context, zmq.PULL, lane, RECONNECT_IVL=-1, RCVHWM=4096)
        run.monitor = run.tasks.get_monitor_socket(LANE_IS_DEAD)
        if not run.reports:
            report = place(p.endpoint, grant["report_port"], grant["report_host"],
                           grant["report_path"])
            run.reports = connect(self.context, zmq.PUSH, report, IMMEDIATE=0, LINGER=10000)
        log("lane.granted", f"run={run.number} lane={run.lane} endpoint={lane}")
        self.beat(p)

    def on_answer(self, p, answer):
        run = p.run
        if answer["drain"]:
            self.drain()
        if run is None or answer["run"] != run.number:
            return
        if answer["over"]:
            log("run.over", f"run={run.number} done={run.done}")
            run.close()
            p.run = None
        elif answer["cancel"] and not run.cancelled:
            run.cancelled = True
            self.give_back(p)
            self.beat(p)

    def give_back(self, p):
        run = p.run
        ids = [i for i in run.held if i not in run.begun] if run else []
        if run:
            for i in ids:
                del run.held[i]
            self.say(p, "returned", boot=self.boot, run=run.number, ids=ids)

    # ---- tasks ---------------------------------------------------------------------------

    def read_lane(self, p):
        run = p.run
        while run and run.tasks:
            try:
                name, task = unpack(run.tasks.recv(zmq.NOBLOCK))
            except zmq.Again:
                break
            except Refused as problem:
                log("lane.dropped", problem)
                continue
            if name == "task":
                self.on_task(p, run, task)
        if run and run.monitor and run.monitor.poll(0):
            zmq.utils.monitor.recv_monitor_message(run.monitor)
            run.close_lane()
            self.beat(p)

    def on_task(self, p, run, task):
        run.top = max(run.top, task["seq"])
        i = task["id"]
        if i in run.held:
            return
        if i in run.cache:
            self.finish(p, run, i, run.cache[i])
            return
        run.held[i] = (task, time.monotonic())
        if self.draining or run.cancelled:
            self.give_back(p)
        self.begin(p)

    def begin(self, p):
        """Start what there is room for, in the order of arrival."""
        run = p.run
        for i, (task, came) in list(run.held.items()):
            if len(run.begun) >= self.at_once:
                return
            if i not in run.begun:
                run.begun.add(i)
                queued = int((time.monotonic() - came) * 1e6)
                self.pool.submit(self.attempt, p, run, dict(task), queued)

    def attempt(self, p, run, task, queued):
        """In a thread of the pool."""
        try:
            outcome = self.work(task, run.options, self.root) | {"queued": queued}
        except Fault as fault:
            outcome = fault
        except Exception as error:  # a bug of ours must not hold the link for ever
            outcome = Fault("decode_failed", detail=repr(error)[:200])
        self.results.put((p, run, task, outcome))
        self.wake()

    def take_results(self):
        while not self.results.empty():
            p, run, task, outcome = self.results.get()
            run.begun.discard(task["id"])
            if p.run is not run or task["id"] not in run.held:
                continue  # the run is over
            if isinstance(outcome, Fault):
                self.on_fault(p, run, task, outcome)
            else:
                self.report(p, run, task, outcome)
            self.begin(p)

    def on_fault(self, p, run, task, fault):
        if fault.number in RETRIED and not task.get("last"):
            again = {"id": task["id"], "fault": fault.number, "http": fault.http,
                     "after": fault.after}
            del run.held[task["id"]]
            self.say(p, "done", boot=self.boot, run=run.number, again=[again])
        else:
            self.report(p, run, task, dict(verdict=FAILED, fault=fault.number,
                                           http=fault.http, detail=fault.detail))

    def report(self, p, run, task, outcome):
        frame = pack("report", run=run.number, id=task["id"], worker=self.name,
                     attempt=task["attempt"], **outcome)
        run.done += 1
        run.bytes += outcome.get("bytes", 0)
        run.cache[task["id"]] = frame
        if len(run.cache) > CACHE_REPORTS:
            run.cache.popitem(last=False)
        self.finish(p, run, task["id"], frame)

    def finish(self, p, run, i, frame):
        run.outbox.append((i, frame))
        self.send_reports(p)

    def send_reports(self, p):
        """First the report, then `done`, and only then heartbeats without the link."""
        run, ids = p.run, []
        while run.outbox:
            i, frame = run.outbox[0]
            try:
                run.reports.send(frame, zmq.NOBLOCK)
            except zmq.Again:
                break
            run.outbox.popleft()
            run.held.pop(i, None)
            ids.append(i)
        if ids:
            self.say(p, "done", boot=self.boot, run=run.number, ids=ids)


def log(event, text=""):
    now = time.strftime("%H:%M:%S", time.gmtime())
    print(f"{now}.000 thumbline-peer note {event} {text}", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ventilator", action="append", required=True)
    parser.add_argument("--name", default=f"python-{os.getpid()}")
    parser.add_argument("--output-root", default=".")
    words = parser.parse_args()
    worker = Worker(words.ventilator, words.name, words.output_root)
    signal.signal(signal.SIGTERM, lambda *_: worker.drain())
    worker.loop()
    log("worker.left")
    os._exit(0)  # a thread may still wait for a server that never answers


if __name__ == "__main__":
    main()
