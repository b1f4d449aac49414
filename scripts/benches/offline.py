"""Does a phone without a line lose or double anything, and how long do its pages take on a slow line?

Each run writes 50 entries with 10 photos down without a line, the browser killed twice between two of them, then sends
them over a line that fails: the browser killed at work, an upload cut in its middle, an answer lost after the server had
done its work, the server restarted, the session ended. In the end each entry must be in the store once and nothing on
the phone. Then the worker's pages are opened over 400 kbit/s with 400 ms, first with an
empty browser, later with what it had kept. The tables go to docs/benchmarks/offline.md with --write.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from frame import machine, options, parsed, private_store, write_report
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy import Engine

from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.door import GRID
from tests.support.offline import FAULTS, Outcome, pocket_over, run, workable
from tests.support.phone_entries import KINDS, ground
from tests.support.served import behind_doors
from tests.support.web import app_over, chromium, session_cookie

PAGE = "docs/benchmarks/offline.md"
PAGES = {
    "Today": "/", "My grid": f"/register/grid/{GRID}", "A house": "/register/house/1",
    "Visited": "/register/house/1/enter/visit", "Report something": "/report",
    "What waits to be sent": "/phone/waiting", "The grid on the phone": "/phone/grid", "Look-up": "/lookup",
}  # fmt: skip
RATE, DELAY_S = 50_000, 0.4
"""400 kbit/s each way, 400 ms there and back."""


def main() -> None:
    parser = options("offline", __doc__, page=PAGE)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument(
        "--seed", type=int, default=1, help="of the first run; each next one is one more"
    )
    parser.add_argument("--entries", type=int, default=50)
    parser.add_argument("--photos", type=int, default=10)
    parser.add_argument("--opens", type=int, default=5)
    args = parsed(parser)
    with private_store(fsync="off", synchronous_commit="off") as store:
        with transaction(store.engine) as session:
            office = workable(session).account
            worker = appointed(session, "grid_worker", grid=GRID, name="worker")
        began = time.monotonic()
        outcomes: list[Outcome] = []
        outcomes.extend(runs(store.engine, worker, office, args))
        took = time.monotonic() - began
        lines = slow(store.engine, worker, args.opens)
    write_report(args, [*report(args, outcomes, took), "", *lines])


def runs(engine: Engine, worker: int, office: int, args: argparse.Namespace) -> Iterator[Outcome]:
    with (
        tempfile.TemporaryDirectory(prefix="phone") as folder,
        sync_playwright() as playwright,
        pocket_over(
            playwright,
            Path(folder) / "phone",
            app_over(engine),
            engine,
            ground(engine, office, worker),
        ) as pocket,
        # Whoever stops it gets the table of what was run.
        contextlib.suppress(KeyboardInterrupt),
    ):
        for n in range(args.runs):
            out = run(pocket, args.seed + n, entries=args.entries, photos=args.photos)
            print(n + 1, out, flush=True)
            yield out


def report(args: argparse.Namespace, outcomes: list[Outcome], took: float) -> list[str]:
    faults = {fault: sum(out.faults[fault] for out in outcomes) for fault in FAULTS}
    return [
        "# A phone without a line",
        "",
        f"Written by `scripts/bench offline --write`: {len(outcomes)} runs from seed {args.seed} on, each with "
        f"{args.entries} entries of {len(KINDS)} kinds and {args.photos} photos written down without a line and then "
        "sent over one that fails, by the queue of the pages in headless Chromium on one profile that is killed and "
        "opened again.",
        "",
        machine(),
        "",
        "| fault | times |",
        "|---|---:|",
        *(f"| {fault} | {times} |" for fault, times in faults.items()),
        "",
        "| entry | times |",
        "|---|---:|",
        *(
            f"| {word} | {sum(out.kinds[kind] for out in outcomes):,} |"
            for kind, word in KINDS.items()
        ),
        "",
        f"Entries: {sum(out.entries for out in outcomes):,}, photos: {sum(out.photos for out in outcomes):,}; "
        f"lost: {sum(out.lost for out in outcomes)}; doubled: {sum(out.doubled for out in outcomes)}; still on the "
        f"phone at the end: {sum(out.waiting for out in outcomes)}, photos: "
        f"{sum(out.photos_left for out in outcomes)}. Photos, looked up in the store by their SHA-256: lost: "
        f"{sum(out.photos_lost for out in outcomes)}; doubled: {sum(out.photos_doubled for out in outcomes)}. {took / max(len(outcomes), 1):.0f} s a run.",
    ]


def slow(engine: Engine, worker: int, opens: int) -> list[str]:
    if not opens:
        return []
    app = app_over(engine)
    app.config["STREAM_LIFE_S"] = 120.0
    cookie = session_cookie(app, engine, worker)
    rows = []
    with behind_doors(app) as at, slow_line(at.port) as port, chromium() as browser:
        host = f"http://127.0.0.1:{port}"
        for name, path in PAGES.items():
            first, later, sent = [], [], 0
            for _ in range(opens):
                context = entered(browser, host, cookie)
                page = context.new_page()
                page.set_default_timeout(60_000)
                first.append(opened(page, host + path))
                sent = page.evaluate(_SENT)
                page.evaluate(
                    "Promise.race([navigator.serviceWorker.ready, new Promise((go) => setTimeout(go, 15000))]).then(() => 1)"
                )
                later.append(opened(page, host + path))
                context.close()
            rows.append((name, first, later, sent))
    return [
        "## Pages at 400 kbit/s and 400 ms",
        "",
        f"Over a line that carries 50 kB a second for all connections together, against the server's own process, {opens} times each; until the page is drawn "
        "and its scripts are ready. First: an empty browser. Later: the same page again, after the browser had time to "
        "keep what it keeps. Goal: first ≤ 3 s, later ≤ 1 s.",
        "",
        "| page | first: median s | worst s | later: median s | worst s | sent first, kB |",
        "|---|---:|---:|---:|---:|---:|",
        *(
            f"| {name} | {statistics.median(first):.1f} | {max(first):.1f} | {statistics.median(later):.1f} | "
            f"{max(later):.1f} | {sent / 1000:.0f} |"
            for name, first, later, sent in rows
        ),
    ]


def entered(browser: Browser, host: str, cookie: str) -> BrowserContext:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN")
    name, value = cookie.split("=", 1)
    context.add_cookies([{"name": name, "value": value, "url": host}])
    return context


@contextlib.contextmanager
def slow_line(to: int) -> Iterator[int]:
    """A port that leads to another over a line for all connections together; the worker of the pages goes over it, too."""
    door = socket.create_server(("127.0.0.1", 0))
    down, up = threading.Lock(), threading.Lock()

    def carry(
        source: socket.socket, sink: socket.socket, pipe: threading.Lock, wait_s: float
    ) -> None:
        with contextlib.suppress(OSError):
            asked = 0.0
            while more := source.recv(4096):
                # What follows at once is under way already.
                if time.monotonic() - asked > wait_s:
                    time.sleep(wait_s)
                asked = time.monotonic()
                with pipe:
                    time.sleep(len(more) / RATE)
                sink.sendall(more)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                phone, _ = door.accept()
                server = socket.create_connection(("127.0.0.1", to))
                for way in ((phone, server, up), (server, phone, down)):
                    threading.Thread(target=carry, args=(*way, DELAY_S / 2), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield door.getsockname()[1]
    door.close()


def opened(page: Page, address: str) -> float:
    """Seconds from asking until the page is drawn with its styles and its modules have run."""
    page.goto(address, wait_until="load")
    return float(page.evaluate(_DRAWN)) / 1000


_DRAWN = """() => {
  const [navigation] = performance.getEntriesByType("navigation");
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return Math.max(navigation.domContentLoadedEventEnd, paint ? paint.startTime : 0);
}"""
_SENT = "performance.getEntries().reduce((n, e) => n + (e.transferSize || 0), 0)"

if __name__ == "__main__":
    main()
