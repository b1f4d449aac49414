"""How does the dispatcher's board stand 100,000 cases, and 200 dispatchers who watch at once?

Serves a synthetic town of 1,000 grids from a private store with ``gisgrid serve`` on this machine: the
first view in headless Chromium, each filter asked over HTTP, the page of figures, then 200 open streams
while cases move: a minute of that alone, then beside look-ups at a fixed rate. The table goes to
docs/benchmarks/dispatch.md with --write.
"""

from __future__ import annotations

import argparse
import json
import secrets
import select
import socket
import statistics
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from dispatch_town import COLUMNS, ROWS, make
from frame import Store, machine, options, parsed, private_store, serving, write_report
from http_ import Run, at_rate
from sqlalchemy import Engine, text

from gisgrid.db.store import transaction
from tests.support.web import app_over, chromium, session_cookie

FILTERS = {
    "open (the first view)": "",
    "open and closed": "state=all",
    "to be sent, what came back first": "state=file",
    "open, in the order of grids": "sort=grid",
    "open and closed, in the order of grids": "state=all&sort=grid",
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
_YEAR = f"since={date.today() - timedelta(365)}&until={date.today()}"  # noqa: DTZ011
FIGURES = {
    "counts of the board's tabs, asked after its list": "/api/v1/cases/tabs",
    "of the last 30 days, by community": "/figures?",
    "of the year, by community": f"/figures?{_YEAR}",
    "of the year, by grid": f"/figures?unit=grid&{_YEAR}",
    "the cases behind a number of the year": f"/figures/rows?measure=closed_late&unit=township&{_YEAR}",
}
STEP_RATE = 10
MEMORY_EVERY_S = 10
SETTLED_S = 3


@dataclass(frozen=True)
class Asked:
    """Milliseconds of one address, asked eight times, and what came."""

    first: float
    median: float
    worst: float
    """Of the seven after the first."""
    body: bytes


@dataclass(frozen=True)
class Watched:
    """What was measured while streams were open."""

    alone: Run
    """Look-ups without streams, and beside them."""
    beside: Run
    heard: list[list[float]]
    """Of each step the milliseconds until each of the streams told of it."""
    before_mb: float
    series_mb: list[float]
    """With the streams, while cases move and nothing else is asked, every ``MEMORY_EVERY_S``."""
    after_mb: float


def main() -> None:
    parser = options("dispatch", __doc__, page="docs/benchmarks/dispatch.md")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20, help="of look-ups, each time")
    parser.add_argument("--minutes", type=float, default=1, help="of steps and streams alone")
    args = parsed(parser)
    with private_store() as store:
        account = make(store.engine, args.cases)
        write_report(args, measure(store, account, args))


def measure(store: Store, account: int, args: argparse.Namespace) -> list[str]:
    """Serve, ask, stop; the lines of the report."""
    key = secrets.token_urlsafe(48)
    cookie = session_cookie(app_over(store.engine, secret_key=key), store.engine, account)
    with serving(store, key) as server:
        view = first_view(server.port, cookie)
        filters = {
            name: asked(server.port, cookie, f"/api/v1/cases?square=0.005&{query}")
            for name, query in FILTERS.items()
        }
        pages = {name: asked(server.port, cookie, path) for name, path in FIGURES.items()}
        streams = watched(store.engine, server.pid, server.port, cookie, args)
    return report(args, view, filters, pages, streams)


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


def asked(port: int, cookie: str, path: str) -> Asked:
    """One address of the server, eight times, one after the other."""
    address = f"http://127.0.0.1:{port}{urllib.parse.quote(path, safe='/?=&,')}"
    times, body = [], b""
    for _ in range(8):
        began = time.perf_counter()
        request = urllib.request.Request(address, headers={"Cookie": cookie})
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own server
            body = answer.read()
        times.append((time.perf_counter() - began) * 1000)
    return Asked(times[0], statistics.median(times[1:]), max(times[1:]), body)


def watched(
    engine: Engine, server: int, port: int, cookie: str, args: argparse.Namespace
) -> Watched:
    """Streams that are open while cases move: first alone, then beside look-ups."""
    alone = at_rate(port, 100, args.seconds)
    before = memory_mb(server)
    ears = [opened(port, cookie) for _ in range(args.streams)]
    time.sleep(SETTLED_S)
    for ear in ears:
        drain(ear)
    heard: list[list[float]] = []
    with moving(engine, ears, heard):
        series = [memory_mb(server)]
        for _ in range(round(args.minutes * 60 / MEMORY_EVERY_S)):
            time.sleep(MEMORY_EVERY_S)
            series.append(memory_mb(server))
        beside = at_rate(port, 100, args.seconds)
    after = memory_mb(server)
    for ear in ears:
        ear.close()
    return Watched(alone, beside, heard, before, series, after)


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


@contextmanager
def moving(engine: Engine, ears: list[socket.socket], heard: list[list[float]]) -> Iterator[None]:
    """Note steps meanwhile, and when each of the streams tells of them, in ms since the commit began."""
    stop = threading.Event()

    def move() -> None:
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

    mover = threading.Thread(target=move)
    mover.start()
    try:
        yield
    finally:
        stop.set()
        mover.join()


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
    filters: dict[str, Asked],
    pages: dict[str, Asked],
    streams: Watched,
) -> list[str]:
    heard, every = streams.heard, sorted(ms for late in streams.heard for ms in late)
    series = " ".join(f"{mb:.0f}" for mb in streams.series_mb)
    lines = [
        "# The dispatcher's board",
        "",
        f"Written by `scripts/bench dispatch --write`: {args.cases:,} cases of a year in {COLUMNS * ROWS:,} "
        "grids, one in five open, `gisgrid serve` with its 2 processes; the store, client and browser "
        f"share the cores. {machine()}",
        "",
        "| what | goal | measured |",
        "|---|---|---|",
        f"| first view: list and map drawn, empty cache | < 2,000 ms | median {view[0]:.0f} ms, worst {view[1]:.0f} |",
        f"| page, scripts and styles, unpacked | < 300 kB | {view[2] / 1000:.0f} kB |",
        f"| the first answer beside it, unpacked | | {view[3] / 1000:.0f} kB |",
        f"| memory of the server before {args.streams} streams; with them, every {MEMORY_EVERY_S} s while "
        f"{STEP_RATE} cases a second move; after look-ups beside | flat | {streams.before_mb:.0f}; {series}; "
        f"{streams.after_mb:.0f} MB |",
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
        f"| {name} | {json.loads(one.body)['total']:,} | {one.median:.0f} | {one.worst:.0f} | {len(one.body) / 1000:.0f} |"
        for name, one in filters.items()
    ]
    lines += ["", "| figures and counts (goal of the first answer < 2,000 ms) | first ms | median ms | worst ms | kB |", "|---|---:|---:|---:|---:|"]  # fmt: skip
    lines += [
        f"| {name} | {one.first:.0f} | {one.median:.0f} | {one.worst:.0f} | {len(one.body) / 1000:.0f} |"
        for name, one in pages.items()
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
