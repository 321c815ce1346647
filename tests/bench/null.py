#!/usr/bin/python3
"""What a link costs when nothing is downloaded: registration, dispatch, report, record.

    tests/bench/null.py [--links 1000000] [--workers 1] [--bin build/release/bin]

Starts a sink, workers with --null and a ventilator on a list of made-up links, waits for
the end, and prints links/s, CPU microseconds a link and peak memory of each process, from
the kernel's own accounting (wait4). Everything is included but download and helper:
SQLite with synchronous=FULL, the settled chain, heartbeats.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time


def write_list(path, links):
    with open(path, "w", encoding="ascii") as out:
        for i in range(links):
            out.write(f"http://host{i % 977}.example/gallery/{i % 31}/picture{i:08d}.jpg\n")


def start(binary, name, *options, **more):
    return subprocess.Popen([os.path.join(binary, name), *options], **more)


def reap(process):
    """The process's exit code and resource usage."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--links", type=int, default=1000000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--transport", choices=("ipc", "tcp"), default="tcp")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="thumbline-null-") as folder:
        links = os.path.join(folder, "links.txt")
        record = os.path.join(folder, "run.db")
        write_list(links, arguments.links)
        ends = {"control": 5557, "run": 5560, "report": 5558}
        for name, port in ends.items():
            ends[name] = (f"tcp://127.0.0.1:{port}" if arguments.transport == "tcp"
                          else f"ipc://{folder}/{name}")
        quiet = {"stderr": subprocess.DEVNULL}
        began = time.monotonic()
        sink = start(arguments.bin, "thumbline-sink", "--record", record, "--quiet",
                     "--run", ends["run"], "--report", ends["report"],
                     stdout=subprocess.PIPE, **quiet)
        workers = [start(arguments.bin, "thumbline-worker", "--null", "--name", f"w{i}",
                         "--ventilator", ends["control"], cwd=folder, **quiet)
                   for i in range(arguments.workers)]
        ventilator = start(arguments.bin, "thumbline-ventilator", links,
                           "--control", ends["control"], "--sink", ends["run"], **quiet)
        code, ventilator_usage = reap(ventilator)
        wall = time.monotonic() - began
        summary = sink.stdout.read().decode()
        sink_code, sink_usage = reap(sink)
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        usages = [("ventilator", ventilator_usage), ("sink", sink_usage)]
        usages += [(f"worker {i}", reap(worker)[1]) for i, worker in enumerate(workers)]

        print(summary.splitlines()[0] if summary else "(no summary)")
        total = 0.0
        for name, usage in usages:
            cpu = usage.ru_utime + usage.ru_stime
            total += cpu
            print(f"{name:12} {cpu / arguments.links * 1e6:7.2f} us CPU a link "
                  f"(user {usage.ru_utime:.2f} s, sys {usage.ru_stime:.2f} s), "
                  f"peak {usage.ru_maxrss / 1024:.1f} MiB")
        print(f"{'all':12} {total / arguments.links * 1e6:7.2f} us CPU a link")
        print(f"{arguments.links / wall:.0f} links/s ({wall:.2f} s wall), record "
              f"{os.path.getsize(record) / 1e6:.0f} MB")
        return 0 if code == 0 and sink_code == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
