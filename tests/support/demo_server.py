#!/usr/bin/python3
"""The web site of quickstart's demo: photographs of a folder, and four links gone bad.

demo_server.py PHOTOS LIST — binds a free port of 127.0.0.1, writes the list of its links to
LIST, prints one line when it is ready and serves until its standard input ends, so that it
cannot outlive whoever started it.
"""

import http.server
import sys
import threading
from pathlib import Path
from urllib.parse import quote, unquote

TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


def photographs(folder):
    """Its pictures by name, as the site shows them; links to links are one picture."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.suffix.lower() in TYPES:
            found.setdefault(path.name, path)
    return found


class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    photos = {}

    def do_GET(self):
        name = unquote(self.path.rpartition("/")[2])
        if name in self.photos:
            path = self.photos[name]
            self.answer(200, TYPES[path.suffix.lower()], path.read_bytes())
        elif name == "half.jpg":
            whole = next(p for p in self.photos.values() if TYPES[p.suffix.lower()] == "image/jpeg")
            body = whole.read_bytes()
            self.answer(200, "image/jpeg", body[: len(body) // 2])
        elif name == "login.jpg":
            self.answer(200, "text/html", b"<!doctype html><title>Please sign in</title>\n")
        else:
            self.answer(404, "text/plain", b"no such picture\n")

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass  # the run's own output is what there is to see


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, *_):
        pass  # a client that hangs up is its own business


def main():
    photos, links = Path(sys.argv[1]), Path(sys.argv[2])
    Site.photos = photographs(photos)
    if not Site.photos:
        sys.exit(f"demo_server: no photographs in {photos}")
    with Server(("127.0.0.1", 0), Site) as server:
        base = f"http://127.0.0.1:{server.server_port}"
        lines = ["# Photographs of a Debian package, and below them four links gone bad."]
        lines += [f"{base}/photos/{quote(name)}" for name in Site.photos]
        lines += ["", f"{base}/gone.jpg", f"{base}/login.jpg", f"{base}/half.jpg", "not a link"]
        links.write_text("\n".join(lines) + "\n")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"{len(Site.photos)} photographs at {base}", flush=True)
        sys.stdin.read()


main()
