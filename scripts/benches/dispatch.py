"""How does the dispatcher's board stand 100,000 cases, and 200 dispatchers who watch at once?

Serves a synthetic town of 1,000 grids from a private store with ``gisgrid serve`` on this machine: the
first view in headless Chromium, each filter asked over HTTP, then 200 open streams while cases move and
look-ups are asked at a fixed rate. The table goes to docs/benchmarks/dispatch.md with --write.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import secrets
import select
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from dispatch_town import COLUMNS, ROOT, ROWS, make
from http_ import Run, at_rate, manner, wait_for
from sqlalchemy import Engine, create_engine, text

from gisgrid.db import migrate
from gisgrid.db.cluster import Cluster
from gisgrid.db.roles import WEB
from gisgrid.db.store import transaction
from tests.web import app_over, chromium, session_cookie

FILTERS = {
    "open (the first view)": "",
    "open and closed": "state=all",
    "late": "due=late",
    "one matter, closed": "state=closed&matter=0105",
    "one source": "state=all&source=12345",
    "being handled": "state=handle",
    "one grid": "state=all&grid=999901001001001",
    "one community": "state=all&community=999901001001",
    "a word": "state=all&q=事项7",
    "a month": f"state=all&since={date.today() - timedelta(60)}&until={date.today() - timedelta(30)}",  # noqa: DTZ011
    "what the map shows": "state=all&box=120.9,40.7,120.94,40.73",
}
STEP_RATE = 10


@dataclass(frozen=True)
class Watched:
    """What was measured while streams were open."""

    alone: Run
    """Look-ups without streams, and beside them."""
    beside: Run
    heard: list[list[float]]
    """Of each step the milliseconds until each of the streams told of it."""
    memory_mb: tuple[float, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench dispatch", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument(
        "--first",
        action="store_true",
        help="before other work of the machine (real-time priority; needs the right to it)",
    )
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/dispatch.md")
    args = parser.parse_args()
    if args.first:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    with tempfile.TemporaryDirectory(prefix="gg") as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster.at(Path(folder) / "home")
        cluster.start()
        try:
            engine = create_engine(cluster.url())
            migrate.upgrade(engine)
            account = make(engine, args.cases)
            lines = measure(engine, cluster.url(user=WEB), account, args)
            engine.dispose()
        finally:
            cluster.stop()
    said = "\n".join(lines) + "\n"
    print(said)
    if args.write:
        (ROOT / "docs/benchmarks/dispatch.md").write_text(said)


def measure(engine: Engine, url: str, account: int, args: argparse.Namespace) -> list[str]:
    """Serve, ask, stop; the lines of the report."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    key = secrets.token_urlsafe(48)
    cookie = session_cookie(app_over(engine, secret_key=key), engine, account)
    server = subprocess.Popen(
        [str(ROOT / ".venv/bin/gisgrid"), "serve", "--port", str(port)],
        env={**os.environ, "GISGRID_WEB_DATABASE_URL": url, "GISGRID_SECRET_KEY": key},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        view = first_view(port, cookie)
        filters = {name: filtered(port, cookie, query) for name, query in FILTERS.items()}
        streams = watched(engine, server.pid, port, cookie, args)
    finally:
        server.terminate()
        server.wait(30)
    return report(args, view, filters, streams)


def first_view(port: int, cookie: str) -> tuple[float, float, int, int]:
    """Milliseconds (median, worst of five), bytes of page, scripts and styles, and of the answer."""
    name, _, value = cookie.partition("=")
    host = f"http://127.0.0.1:{port}"
    times, sizes = [], {}
    with chromium() as browser:
        for _ in range(6):
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            context.add_cookies([{"name": name, "value": value, "url": host}])
            page = context.new_page()
            page.goto(f"{host}/dispatch")
            page.wait_for_selector("html[data-ready]", state="attached")
            ms, sizes = page.evaluate(
                """() => [performance.getEntriesByName("first-view")[0].startTime,
                  Object.fromEntries(performance.getEntries().filter((e) => e.decodedBodySize !== undefined)
                    .map((e) => [new URL(e.name).pathname, e.decodedBodySize]))]"""
            )
            times.append(ms)
            context.close()
    page_bytes = sum(n for p, n in sizes.items() if p == "/dispatch" or p.startswith("/static/"))
    return (
        statistics.median(times[1:]), max(times[1:]), page_bytes, sizes.get("/api/v1/cases", 0),
    )  # fmt: skip


def filtered(port: int, cookie: str, query: str) -> tuple[int, float, float, int]:
    """Cases found; milliseconds (median, worst of seven); bytes."""
    query = urllib.parse.quote(query, safe="=&,")
    address = f"http://127.0.0.1:{port}/api/v1/cases?square=0.005&{query}"
    times, body = [], b""
    for _ in range(8):
        began = time.perf_counter()
        with urllib.request.urlopen(
            urllib.request.Request(address, headers={"Cookie": cookie})
        ) as answer:
            body = answer.read()
        times.append((time.perf_counter() - began) * 1000)
    return json.loads(body)["total"], statistics.median(times[1:]), max(times[1:]), len(body)


def watched(
    engine: Engine, server: int, port: int, cookie: str, args: argparse.Namespace
) -> Watched:
    """Streams that are open while cases move and look-ups are asked."""
    alone = at_rate(port, 100, args.seconds)
    before = memory_mb(server)
    ears = [opened(port, cookie) for _ in range(args.streams)]
    time.sleep(3)
    for ear in ears:
        drain(ear)
    held = memory_mb(server)
    heard: list[list[float]] = []
    stop = threading.Event()
    mover = threading.Thread(target=move, args=(engine, ears, heard, stop))
    mover.start()
    beside = at_rate(port, 100, args.seconds)
    stop.set()
    mover.join()
    after = memory_mb(server)
    for ear in ears:
        ear.close()
    return Watched(alone, beside, heard, (before, held, after))


def opened(port: int, cookie: str) -> socket.socket:
    ear = socket.create_connection(("127.0.0.1", port), timeout=30)
    ear.sendall(
        f"GET /dispatch/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()
    )
    return ear


def drain(ear: socket.socket) -> bytes:
    ear.setblocking(False)
    got = b""
    try:
        while more := ear.recv(65536):
            got += more
    except BlockingIOError:
        pass
    return got


def move(
    engine: Engine, ears: list[socket.socket], heard: list[list[float]], stop: threading.Event
) -> None:
    """Note steps, and when each of the streams tells of them, in milliseconds since the commit began."""
    n = 0
    while not stop.is_set():
        n += 1
        began = time.perf_counter()
        with transaction(engine) as session:
            session.execute(text(_NOTE), {"n": n})
        waiting, late = set(ears), []
        while waiting and time.perf_counter() - began < 5:
            ready, _, _ = select.select(list(waiting), [], [], 0.5)
            for ear in ready:
                if b"event: cases" in drain(ear):
                    late.append((time.perf_counter() - began) * 1000)
                    waiting.discard(ear)
        heard.append(late)
        time.sleep(max(0.0, 1 / STEP_RATE - (time.perf_counter() - began)))


def memory_mb(parent: int) -> float:
    """Private memory of the server's processes."""
    pids = [parent]
    for pid in pids:
        pids += [int(p) for t in Path(f"/proc/{pid}/task").glob("*") for p in (t / "children").read_text().split()]  # fmt: skip
    kb = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(("Private_Clean", "Private_Dirty")):
                kb += int(line.split()[1])
    return kb / 1000


def report(
    args: argparse.Namespace,
    view: tuple[float, float, int, int],
    filters: dict[str, tuple[int, float, float, int]],
    streams: Watched,
) -> list[str]:
    heard, memory = streams.heard, streams.memory_mb
    every = sorted(ms for late in heard for ms in late)
    lines = [
        "# The dispatcher's board",
        "",
        f"Written by `scripts/bench dispatch --write`: {args.cases:,} cases of a year in {COLUMNS * ROWS:,} "
        f"grids, one in five open, `gisgrid serve` with its 2 processes and the store on {os.cpu_count()} "
        f"cores, client and browser too. {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, "
        f"Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}; {manner()}",
        "",
        "| what | goal | measured |",
        "|---|---|---|",
        f"| first view: list and map drawn, empty cache | < 2,000 ms | median {view[0]:.0f} ms, worst {view[1]:.0f} |",
        f"| page, scripts and styles, unpacked | < 300 kB | {view[2] / 1000:.0f} kB |",
        f"| the first answer beside it, unpacked | | {view[3] / 1000:.0f} kB |",
        f"| {args.streams} open streams: memory of the server before, with them, after {len(heard)} steps | flat "
        f"| {memory[0]:.0f}, {memory[1]:.0f}, {memory[2]:.0f} MB |",
        f"| from the step's transaction to a stream ({len(every)} of {len(heard) * args.streams} told) | < 1,000 ms "
        f"| p50 {at(every, 0.5):.0f}, p99 {at(every, 0.99):.0f}, worst {at(every, 1):.0f} ms |",
    ]
    for run, words in (
        (streams.alone, "without streams"),
        (streams.beside, f"beside {args.streams} streams and the steps"),
    ):
        lines.append(
            f"| look-ups at 100/s {words} | | p50 {run.at(0.5):.1f}, p99 {run.at(0.99):.1f} ms, {run.errors} errors |"
        )
    lines += ["", "| filter (goal < 300 ms) | cases | median ms | worst ms | kB |", "|---|---:|---:|---:|---:|"]  # fmt: skip
    lines += [
        f"| {name} | {n:,} | {ms:.0f} | {worst:.0f} | {size / 1000:.0f} |"
        for name, (n, ms, worst, size) in filters.items()
    ]
    return lines


def at(ordered: list[float], share: float) -> float:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else float("nan")


_NOTE = """
INSERT INTO case_step (case_id, seq, step, at, actor, role, note)
SELECT id, seq + 1, 'note', now(), 'bench', 'system', 'x' FROM event_case
WHERE open ORDER BY id OFFSET :n LIMIT 1
"""

if __name__ == "__main__":
    main()
