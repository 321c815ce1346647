"""web — a small web of our own on loopback: pictures, and every way a server can fail.

Why it exists: flow tests need real pictures over real HTTP, failures on demand, and a
way to hold a transfer for exactly as long as the test wants. Nothing here sleeps, but
for the routes whose very point is to be slow.

    with Web() as web:
        web.url("/photo/1.jpg")      a JPEG; .png, .gif and .webp too; any name will do
        web.url("/photo/1.jpg?size=64x48")   that large; 320x240 otherwise
        web.url("/missing/1.jpg")    404                      (/status/N/...: status N)
        web.url("/page/1.jpg")       200, but HTML
        web.url("/empty/1.jpg")      200 without a body
        web.url("/truncated/1.jpg")  a whole transfer of half a picture
        web.url("/partial/1.jpg")    the connection ends before Content-Length
        web.url("/hangup/1.jpg")     the connection ends before an answer
        web.url("/flaky/2/1.jpg")    503 twice, then the picture
        web.url("/redirect/photo/1.jpg")    302 to /photo/1.jpg
        web.url("/trickle/1.jpg")    a byte at a time, until released
        web.url("/hang/1.jpg")       no answer until web.release(), then the picture
"""

import collections
import functools
import http.server
import io
import random
import socket
import threading
import urllib.parse

from PIL import Image

FORMATS = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP"}
TRICKLE_SECONDS = 0.05


@functools.lru_cache(maxsize=64)
def picture(suffix="jpg", width=320, height=240, seed=0):
    """The bytes of a small picture with content: colours over a few random blocks."""
    blocks = random.Random(seed).randbytes(8 * 6 * 3)
    image = Image.frombytes("RGB", (8, 6), blocks).resize((width, height), Image.BILINEAR)
    out = io.BytesIO()
    image.save(out, FORMATS[suffix])
    return out.getvalue()


class Web:
    """Servers on the given loopback addresses, one port each, all with the same routes."""

    def __init__(self, hosts=("127.0.0.1",)):
        self.changed = threading.Condition()
        self.hits = collections.Counter()  # by path
        self.host_hits = collections.Counter()  # by host
        self.at_once = collections.Counter()  # by host, now
        self.most_at_once = collections.Counter()  # by host, ever
        self.released = threading.Event()
        self.servers = {host: _server(self, host) for host in hosts}

    def __enter__(self):
        for server in self.servers.values():
            threading.Thread(target=server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.release()
        for server in self.servers.values():
            server.shutdown()
            server.server_close()

    def url(self, path, host=None):
        """The link to that path, at the first host or the given one."""
        host = host or next(iter(self.servers))
        name = f"[{host}]" if ":" in host else host
        return f"http://{name}:{self.servers[host].server_address[1]}{path}"

    def links(self, count, path="/photo/{}.jpg"):
        """Links 0..count-1, spread over the hosts."""
        hosts = list(self.servers)
        return [self.url(path.format(n), hosts[n % len(hosts)]) for n in range(count)]

    def release(self):
        """Let every held and trickling transfer finish, and those to come."""
        self.released.set()

    def wait_for_hits(self, count, path=None, deadline=30):
        """Wait until that many requests (for that path) have come in."""
        with self.changed:
            come = lambda: self.hits[path] if path else self.hits.total()
            if not self.changed.wait_for(lambda: come() >= count, deadline):
                raise AssertionError(f"{come()} of {count} requests for {path or 'all'}")

    def wait_at_once(self, count, deadline=30):
        """Wait until that many transfers are open at the same moment."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.at_once.total() >= count, deadline):
                raise AssertionError(f"{self.at_once.total()} of {count} open transfers")

    def began(self, host, path):
        with self.changed:
            self.hits[path] += 1
            self.host_hits[host] += 1
            self.at_once[host] += 1
            self.most_at_once[host] = max(self.most_at_once[host], self.at_once[host])
            self.changed.notify_all()
            return self.hits[path]

    def ended(self, host):
        with self.changed:
            self.at_once[host] -= 1
            self.changed.notify_all()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keep-alive
    wbufsize = 64 << 10  # head and body in one packet: Nagle and delayed ACKs cost 40 ms
    web = None  # set by _server

    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        host = self.server.server_address[0]
        times = self.web.began(host, parts.path)
        try:
            kind, _, rest = parts.path.lstrip("/").partition("/")
            route = getattr(self, f"on_{kind}", None)
            if route:
                route(rest, urllib.parse.parse_qs(parts.query), times)
            else:
                self.answer(404, b"no such route\n", "text/plain")
        except OSError:
            self.close_connection = True  # the worker left, as tests make it do
        finally:
            self.web.ended(host)

    def answer(self, status, body, kind="image/jpeg", cut=None, **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body[:cut])
        self.wfile.flush()

    def body(self, rest, query):
        suffix = rest.rpartition(".")[2].lower()
        suffix = suffix if suffix in FORMATS else "jpg"
        width, _, height = query.get("size", ["320x240"])[0].partition("x")
        # Few different pictures: making them would be the slowest part of a test.
        return picture(suffix, int(width), int(height), seed=len(rest) % 4), suffix

    def send_picture(self, rest, query):
        body, suffix = self.body(rest, query)
        self.answer(200, body, f"image/{FORMATS[suffix].lower()}")

    def on_photo(self, rest, query, _times):
        self.send_picture(rest, query)

    def on_missing(self, _rest, _query, _times):
        self.answer(404, b"not here\n", "text/plain")

    def on_status(self, rest, query, _times):
        headers = {"Retry_After": query["after"][0]} if "after" in query else {}
        self.answer(int(rest.partition("/")[0]), b"as you wish\n", "text/plain", **headers)

    def on_page(self, _rest, _query, _times):
        self.answer(200, b"<!doctype html><title>Not a picture</title>\n", "text/html")

    def on_empty(self, _rest, _query, _times):
        self.answer(200, b"")

    def on_truncated(self, rest, query, _times):
        body, _ = self.body(rest, query)
        self.answer(200, body[: len(body) // 2])

    def on_partial(self, rest, query, _times):
        body, _ = self.body(rest, query)
        self.answer(200, body, cut=len(body) // 2)
        self.close_connection = True

    def on_hangup(self, _rest, _query, _times):
        self.close_connection = True

    def on_flaky(self, rest, query, times):
        failures, _, name = rest.partition("/")
        if times <= int(failures):
            self.answer(503, b"not now\n", "text/plain")
        else:
            self.send_picture(name, query)

    def on_redirect(self, rest, _query, _times):
        self.answer(302, b"", "text/plain", Location=f"/{rest}")

    def on_trickle(self, rest, query, _times):
        body, _ = self.body(rest, query)
        self.answer(200, body, cut=0)
        for n in range(len(body)):
            if self.web.released.wait(TRICKLE_SECONDS):
                self.wfile.write(body[n:])
                break
            self.wfile.write(body[n : n + 1])
            self.wfile.flush()
        self.wfile.flush()

    def on_hang(self, rest, query, _times):
        self.web.released.wait()
        self.send_picture(rest, query)

    def log_message(self, *_):
        """The test's output is the programs', not ours."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # held transfers end with the process
    request_queue_size = 512

    def handle_error(self, *_):
        """A worker was killed in the middle of a request."""


def _server(web, host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    kind = type("Server", (_Server,), {"address_family": family})
    return kind((host, 0), type("Handler", (_Handler,), {"web": web}))
