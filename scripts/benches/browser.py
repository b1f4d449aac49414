"""How long does a planner wait in the editor of a town of 100,000 houses and 1,000 grids?

Each road is walked in headless Chromium on the page of the running service; the clock runs from the
hand's last move to the picture that is drawn. The store is a private one in ``--home``, made and filled
(some minutes) if it is not there yet, so that the next run finds it.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from frame import ROOT, machine, options, parsed, write_report
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, create_engine, text

from gisgrid.core.settings import Settings
from gisgrid.db.cluster import Cluster
from gisgrid.db.roles import WEB
from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.web import chromium, session_cookie
from web.app import create_app

TOWN = "999901001"
LONG_MS = 600_000
REST_MS = 1_000
"""Between two edits a hand rests."""
NAMING_MS = 4_000
"""The name of a scenario is typed."""
ROADS: dict[str, float | None] = {
    "branch": 2, "open, first": 2, "open, again": 2, "counts of a drag": 0.5,
    "save a drag": 0.5, "undo": 0.5, "redo": 0.5, "give houses": 0.5,
    "check now, first": 5, "check now, again": 5,
    "propose a rebalancing": None, "show all of it": 10, "take one community": 2, "take all": 10,
    "compare, first": 3, "compare, again": 3, "report": None, "submit": None,
    "figures of a year by community": 1, "figures of a year by grid": 1,
}  # fmt: skip
"""Each road, and the seconds that were asked for."""


ANSWERS = """performance.getEntriesByType('resource')
    .filter((e) => e.name.includes('/plan/') && !e.name.includes('/job.json'))
    .reduce((sum, e) => sum + e.duration, 0) / 1000"""
"""In the page: seconds of its questions of the scenario since it began to count."""


def main() -> None:
    parser = options("browser", __doc__, page="docs/benchmarks/editor.md")
    parser.add_argument("--home", type=Path, required=True, help="folder of the store")
    parser.add_argument("--houses", type=int, default=100_000)
    args = parsed(parser)
    os.environ["GISGRID_HOME"] = str(args.home)
    cluster = Cluster.at(args.home)
    cluster.start()
    engine = create_engine(cluster.url())
    filled(engine, args.houses)
    key = secrets.token_urlsafe(48)
    cookies = {role: cookie(engine, cluster, key, role) for role in ("planner", "dispatcher")}
    with served(key) as host, chromium() as browser:
        seconds, answers = walked(page_of(browser, host, cookies["planner"]), host)
        seconds |= figures_walked(page_of(browser, host, cookies["dispatcher"]), host)
    write_report(args, report(seconds, answers, args.houses))
    cluster.stop()


def filled(engine: Engine, houses: int) -> None:
    """Load the made town with every kind, unless the store holds one."""
    run([".venv/bin/gisgrid", "db", "upgrade"])
    with engine.connect() as connection:
        if connection.scalar(text("SELECT count(*) FROM house")) == houses:
            return
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        run(["scripts/make_town", "--out", folder, "--scale", str(houses)])
        for line in LOADS:
            run([".venv/bin/gisgrid", *line.format(d=made, t=f"--township {TOWN}").split()])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


LOADS = (
    "load areas {d}/boundaries/areas.geojson --commit",
    f"township --code {TOWN} --set code_scheme=gb --commit",
    "load streets {d}/boundaries/streets.geojson {t} --commit",
    "load grids {d}/boundaries/grids.geojson {t} --plan 2022 --commit",
    "plan publish 2022 --from 2022-09-01 {t} --commit",
    "load houses {d}/register/houses.csv {t} --crs wgs84 --commit",
    "load households {d}/register/households.csv {t} --commit",
    "load residents {d}/register/residents.csv {t} --commit",
    "load staff {d}/staff/staff.csv {t} --commit",
    "load offices {d}/offices/offices.csv {t} --commit",
    "load matters {d}/matters/matters.csv {t} --version 2022 --since 2022-09-01 --commit",
    "load events {d}/events/events.csv {t} --crs wgs84 --commit",
    "load stations {d}/service/stations.csv {t} --crs wgs84 --commit",
    "load visits {d}/service/visits.csv {t} --commit",
    "load trainings {d}/learning/trainings.csv {t} --commit",
    "case open {t} --commit",
    "attach {t} --commit",
)


def run(words: list[str]) -> None:
    print(" ".join(words[:4]), file=sys.stderr)
    subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def cookie(engine: Engine, cluster: Cluster, key: str, role: str) -> str:
    """The cookie of somebody of the town."""
    name = f"bench.{role}"
    with transaction(engine) as session:
        number = session.scalar(text("SELECT id FROM account WHERE name = :n"), {"n": name})
        number = number or appointed(session, role, TOWN, name=name)
    app = create_app(Settings(secret_key=key), bind=create_engine(cluster.url(user=WEB)))
    return session_cookie(app, engine, int(number))


def page_of(browser: Browser, host: str, cookie: str) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    name, value = cookie.split("=", 1)
    context.add_cookies([{"name": name, "value": value, "url": host}])
    page = context.new_page()
    page.set_default_timeout(LONG_MS)
    return page


@contextmanager
def served(key: str) -> Iterator[str]:
    """The whole service, worker included, over the store of the environment's home."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [str(ROOT / ".venv/bin/gisgrid"), "serve", "--port", str(port)],
        env={**os.environ, "GISGRID_SECRET_KEY": key, "GISGRID_WEB_WORKERS": "2"},
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        time.sleep(5)  # the other process, and the worker
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def walked(page: Page, host: str) -> tuple[dict[str, float], dict[str, float]]:  # noqa: PLR0915 - one walk
    """Walk every road; seconds of each, and those of them in which the page waited for answers."""
    seconds: dict[str, float] = {}
    waited: dict[str, float] = {}

    def timed(road: str, walk: Callable[[], object]) -> None:
        page.wait_for_timeout(REST_MS)
        page.evaluate("performance.clearResourceTimings()")
        began = time.perf_counter()
        walk()
        page.evaluate("() => new Promise((go) => requestAnimationFrame(() => setTimeout(go, 0)))")
        seconds[road] = time.perf_counter() - began
        waited[road] = page.evaluate(ANSWERS)
        print(
            f"{road}: {seconds[road]:.2f} s, {waited[road]:.2f} s of them answers", file=sys.stderr
        )

    page.goto(f"{host}/plan/")
    page.fill("form[action$='/plan/branch'] input[name=name]", f"度量{secrets.token_hex(3)}")
    page.wait_for_timeout(NAMING_MS)
    answers: list[float] = []
    page.on(
        "response",
        lambda r: answers.append(r.request.timing["responseStart"]) if r.url.endswith("/branch") else None,
    )  # fmt: skip
    ready = "html[data-ready]"

    def branch() -> None:
        page.click("form[action$='/plan/branch'] button")
        page.wait_for_selector(ready, state="attached")

    timed("open, first", branch)
    seconds["branch"] = answers[0] / 1000
    seconds["open, first"] -= seconds["branch"]

    def again() -> None:
        page.reload()
        page.wait_for_selector(ready, state="attached")

    for _ in range(5):
        again()  # until each process has opened it
    timed("open, again", again)
    drag = """() => {
      const arc = gisgrid.editor.view.arcs.filter((a) => a.movable && a.line.length > 3)[200];
      const line = arc.line.map((c) => c.slice());
      line[Math.floor(line.length / 2)][0] += 1e-5;
      return { kind: 'drag', snap_m: 0, arcs: { [arc.id]: line } };
    }"""
    edit = page.evaluate(drag)
    keep = "(edit) => gisgrid.editor.keep(edit)"
    timed("counts of a drag", lambda: page.evaluate("(edit) => gisgrid.editor.preview(edit)", edit))
    timed("save a drag", lambda: page.evaluate(keep, edit))
    step = "(way) => gisgrid.editor.post(way, { version: gisgrid.editor.view.version })"
    timed("undo", lambda: page.evaluate(step, "undo"))
    timed("redo", lambda: page.evaluate(step, "redo"))
    lasso = page.evaluate(
        """() => {
          const arc = gisgrid.editor.view.arcs.filter((a) => a.movable && a.line.length > 3)[300];
          const [lon, lat] = arc.line[Math.floor(arc.line.length / 2)], by = 0.0004;
          return { kind: 'give', to: arc.grids[0], polygon: [[lon - by, lat - by], [lon + by, lat - by],
            [lon + by, lat + by], [lon - by, lat + by]] };
        }"""
    )
    timed("give houses", lambda: page.evaluate(keep, lasso))
    page.click("#checks-section summary")

    def check() -> None:
        page.evaluate("() => { delete document.documentElement.dataset.checked; }")
        page.click("#check")
        page.wait_for_selector("html[data-checked]", state="attached")

    timed("check now, first", check)
    timed("check now, again", check)
    page.fill("#tolerance", "5")

    def propose() -> None:
        page.evaluate("() => { delete document.documentElement.dataset.job; }")
        page.click("#rebalance")
        page.wait_for_selector("html[data-job='done']", state="attached")

    timed("propose a rebalancing", propose)
    look = "(edit) => gisgrid.editor.look(edit)"
    job = page.evaluate("async () => (await gisgrid.editor.ask('job.json')).job")
    first = job["result"]["moves"][0]["community"]
    mine = [k for k, m in enumerate(job["result"]["moves"]) if m["community"] == first]
    whole = {"kind": "rebalance", "job": job["id"]}
    timed("show all of it", lambda: page.evaluate(look, whole))
    timed("take one community", lambda: page.evaluate(keep, {**whole, "moves": mine}))
    page.evaluate(step, "undo")
    timed("take all", lambda: page.evaluate(keep, whole))
    number = page.evaluate("gisgrid.editor.view.id")

    def compare() -> None:
        page.goto(f"{host}/plan/{number}/compare")
        page.wait_for_selector(ready, state="attached")

    timed("compare, first", compare)
    compare()
    timed("compare, again", compare)
    timed("report", lambda: page.goto(f"{host}/plan/{number}/report.html"))
    page.goto(f"{host}/plan/{number}")
    page.wait_for_selector(ready, state="attached")
    timed("submit", lambda: page.evaluate("() => gisgrid.editor.post('step', { step: 'submit' })"))
    return seconds, waited


def figures_walked(page: Page, host: str) -> dict[str, float]:
    """The figures of a year, each shown once before in a process or not: the slower of two."""
    seconds = {}
    for unit in ("community", "grid"):
        for _ in range(2):
            began = time.perf_counter()
            page.goto(f"{host}/figures?since=2022-09-01&until=2023-08-31&unit={unit}")
            road = f"figures of a year by {unit}"
            seconds[road] = max(seconds.get(road, 0.0), time.perf_counter() - began)
        print(f"{road}: {seconds[road]:.2f} s", file=sys.stderr)
    return seconds


def report(seconds: dict[str, float], answers: dict[str, float], houses: int) -> list[str]:
    lines = [
        "# How long a planner waits",
        "",
        f"Written by `scripts/bench browser --write`: a made town of {houses:,} houses and 1,000 grids with "
        "every kind loaded, the whole service on one machine, headless Chromium; seconds from the hand's "
        "last move to the picture drawn, the browser's own time included, which draws without a graphics "
        "card here. Beside them how long of it the page waited for answers of the server. A hand rests a "
        f"second between two edits and types the name of a scenario in {NAMING_MS / 1000:.0f}; meanwhile each process reads "
        "what the page leads to, and what another has kept. First is the first time since the service began, the "
        "page and its scripts not yet known to the browser.",
        "",
        machine(),
        "",
        "| road | seconds | of them answers | asked |",
        "|---|---:|---:|---:|",
    ]
    for road, most in ROADS.items():
        if road in seconds:
            lines.append(
                f"| {road} | {seconds[road]:.2f} | {f'{answers[road]:.2f}' if road in answers else ''} | "
                f"{'' if most is None else f'≤ {most:g}'} |"
            )
    return lines


if __name__ == "__main__":
    main()
