"""How long until the map of N houses is drawn in headless Chromium, and how heavy are its parts?

The peer of the same run is a page of the same server without a map: what it costs is the browser, the
server and the noise of the machine, not ours. Both are opened in a browser without a cache.
"""

from __future__ import annotations

import statistics
import time

from frame import machine, options, parsed, private_store
from playwright.sync_api import Browser
from sqlalchemy import Engine, text

from gisgrid.db.store import transaction
from tests.support.web import app_over, chromium, fill_town, served


def opened(browser: Browser, address: str, mark: str) -> tuple[float, dict[str, int]]:
    """Milliseconds to a mark (or to the load event), and unpacked bytes by path."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(address)
    if mark:
        page.wait_for_selector("html[data-ready]", state="attached")
    ms, sizes = page.evaluate(
        """(mark) => [
             mark ? performance.getEntriesByName(mark)[0].startTime
                  : performance.getEntriesByType("navigation")[0].loadEventStart,
             Object.fromEntries(performance.getEntries().filter((e) => e.decodedBodySize !== undefined)
               .map((e) => [new URL(e.name).pathname, e.decodedBodySize]))]""",
        mark,
    )
    context.close()
    return float(ms), dict(sizes)


def main() -> None:
    parser = options("first_view", __doc__)
    parser.add_argument("--houses", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=7)
    args = parsed(parser)
    with private_store(fsync="off", synchronous_commit="off") as store:
        with transaction(store.engine) as session:
            town = fill_town(session, columns=40, rows=25, houses=args.houses, events=args.events)
        with transaction(store.engine) as session:
            session.execute(text("ANALYZE"))
        measure(store.engine, town.account, args.runs)
        print(machine())


def measure(engine: Engine, account: int, runs: int) -> None:
    with served(app_over(engine, account=account)) as host, chromium() as browser:
        opened(browser, host + "/", "first-view")  # the first one fills caches of the database
        views, peers, sizes = [], [], {}
        for _ in range(runs):
            peers.append(opened(browser, host + "/nothing", "")[0])
            ms, sizes = opened(browser, host + "/", "first-view")
            views.append(ms)
            time.sleep(0.2)
    page = sum(n for path, n in sizes.items() if path == "/" or path.startswith("/static/"))
    tiles = [n for path, n in sizes.items() if path.startswith("/tiles/")]
    view, peer = statistics.median(views), statistics.median(peers)
    print(f"first view: median {view:.0f} ms (best {min(views):.0f}, worst {max(views):.0f})")
    print(f"page without a map: median {peer:.0f} ms; ratio {view / peer:.1f}")
    print(f"page, scripts and styles: {page / 1000:.0f} kB unpacked")
    print(
        f"tiles: {len(tiles)}, largest {max(tiles) / 1000:.1f} kB, together {sum(tiles) / 1000:.1f} kB"
    )


if __name__ == "__main__":
    main()
