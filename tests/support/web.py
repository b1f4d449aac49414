"""What tests of pages share: a town of any size, the application over it, a browser with a log."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from playwright.sync_api import Browser, Page, Route, sync_playwright
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from gisgrid.core.settings import Settings
from gisgrid.db.tables import Township
from tests.support.accounts import appointed, web_engine
from web.app import create_app
from web.http.identity import COOKIE

ROOT = Path(__file__).parents[2]
KEY = "a key of tests, which signs nothing else"
CHROMIUM = "/usr/bin/chromium-headless-shell"
"""The engine of Chromium without what a window needs: a third less work, and half to install."""
CHROMIUM_OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Town:
    township_id: int
    plan_id: int
    account: int
    """Of the township's government, which sees it all."""


def fill_town(
    session: Session, *, columns: int = 8, rows: int = 6, houses: int = 600, events: int = 120
) -> Town:
    """A town of square grids in nine or fewer communities, houses and events spread evenly.

    Statements over whole sets, so that 100,000 houses take seconds. Attached as a real one would be,
    by arithmetic: a point's square is known.
    """
    values = {"columns": columns, "rows": rows, "houses": houses, "events": events}
    for statement in _FILL.split(";\n"):
        session.execute(text(statement), values)
    township = session.query(Township).one()
    plan_id = session.scalar(text("SELECT id FROM plan"))
    assert plan_id is not None
    return Town(township.area_id, plan_id, appointed(session, "township_government"))


@contextlib.contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application at a free port of this machine; gives its address."""
    running = 0
    changed = threading.Condition()

    def counted(environ: Any, start_response: Any) -> Any:
        nonlocal running
        with changed:
            running += 1
        try:
            answer = app(environ, start_response)
            if not environ["PATH_INFO"].startswith("/static/"):
                return answer
            # This server leaves a file open when the page goes while it is sent.
            with contextlib.closing(cast(Any, answer)):
                return [b"".join(answer)]
        finally:
            with changed:
                running -= 1
                changed.notify_all()

    # A page that listens is no test client, which would read a stream to its end.
    app.config["STREAM_LIFE_S"] = 120.0
    server = make_server("127.0.0.1", 0, counted, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        # Each page of somebody who has logged in listens.
        close(app)
        server.shutdown()
        thread.join()
        server.server_close()
        # A page that is closed leaves requests behind; their connections must be back in the pool
        # before the engine is disposed of.
        with changed:
            assert changed.wait_for(lambda: running == 0, timeout=30)


@contextlib.contextmanager
def listened(app: Flask) -> Iterator[str]:
    """``served``, for pages that hold streams open."""
    with served(app) as host:
        yield host
        close(app)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """A page with the network cut: only the application's own host answers."""

    page: Page
    host: str
    elsewhere: list[str] = field(default_factory=list)
    """Addresses on other hosts that the page tried to reach."""
    failures: list[str] = field(default_factory=list)
    """Script errors, and complaints of the console."""

    def open(self, path: str = "/map") -> None:
        self.page.goto(self.host + path)
        # A waiting function would be evaluated, which the page's security policy forbids.
        self.page.wait_for_selector("html[data-ready]", state="attached")
        self.settle()

    def settle(self) -> None:
        """Wait until all tiles of the present view are drawn."""
        self.page.evaluate(
            """async () => {
                 const loading = (l) => gisgrid.town.hasLayer(l) && l.isLoading && l.isLoading();
                 do await new Promise((go) => setTimeout(go, 60));
                 while (Object.values(gisgrid.layers).some(loading));
               }"""
        )

    def look(self, lon: float, lat: float, zoom: int) -> None:
        """Go to a place of the map."""
        self.page.evaluate(
            "(at) => { gisgrid.town.setView(at.slice(0, 2), at[2], { animate: false }); }",
            [lat, lon, zoom],
        )
        self.settle()

    def sizes(self) -> dict[str, int]:
        """Bytes of each answer so far, unpacked, by path."""
        sizes: dict[str, int] = self.page.evaluate(
            "Object.fromEntries(performance.getEntries().filter((e) => e.decodedBodySize !== undefined)"
            ".map((e) => [new URL(e.name).pathname, e.decodedBodySize]))"
        )
        return sizes


@contextlib.contextmanager
def visit(
    browser: Browser, host: str, *, width: int = 1280, height: int = 800, scale: float = 1
) -> Iterator[Visit]:
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=scale
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    seen = Visit(page, host)

    def gate(route: Route) -> None:
        if route.request.url.startswith(host + "/"):
            route.continue_()
        else:
            seen.elsewhere.append(route.request.url)
            route.abort()

    context.route("**/*", gate)
    page.on("pageerror", lambda error: seen.failures.append(str(error)))
    page.on(
        "console",
        lambda line: seen.failures.append(line.text) if line.type in ("error", "warning") else None,
    )
    try:
        yield seen
    finally:
        context.close()


def app_over(engine: Engine, *, account: int | None = None, **settings: object) -> Flask:
    """The application, entering the store as the web process does; everybody is ``account``.

    Its threads end with the owner's engine: one that goes on looks for a store that is gone.
    """
    app = create_app(
        Settings(**{"secret_key": KEY, **settings}),  # type: ignore[arg-type]
        bind=web_engine(engine, before=lambda: close(app)),
    )
    app.extensions["security"].pwd_context.update(
        argon2__time_cost=1, argon2__memory_cost=64, argon2__parallelism=1
    )
    app.jinja_env.bytecode_cache = _COMPILED
    app.config["STREAM_LIFE_S"] = 0.0  # what is read to its end must have one
    app.testing = False  # failures are answered as in production
    if account is not None:
        cookie = session_cookie(app, engine, account)
        app.wsgi_app = _logged_in(app.wsgi_app, cookie)  # type: ignore[method-assign]
    return app


def close(app: Flask) -> None:
    """End the threads of an application and the streams that it holds open."""
    app.extensions["gisgrid.streams"].close()
    app.extensions["gisgrid.snapshots"].close()


def session_cookie(app: Flask, engine: Engine, account: int) -> str:
    """The cookie of somebody who has logged in."""
    with engine.connect() as connection:
        word = connection.scalar(
            text("SELECT fs_uniquifier FROM account WHERE id = :id"), {"id": account}
        )
    session = app.session_interface.get_signing_serializer(app).dumps(  # type: ignore[attr-defined]
        {"_user_id": word, "_fresh": True}
    )
    return f"{COOKIE}={session}"


def _logged_in(wsgi: Any, cookie: str) -> Any:
    """The application for whom every request holds the cookie of a session."""

    def app(environ: Any, start_response: Any) -> Any:
        environ["HTTP_COOKIE"] = "; ".join(filter(None, [environ.get("HTTP_COOKIE"), cookie]))
        return wsgi(environ, start_response)

    return app


class _Compiled(BytecodeCache):
    """Templates as another application of this run has compiled them, while their source is the same."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._code.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


_FILL = """
INSERT INTO area (code, level, name, name_en, geom)
SELECT '999901', 'county', '虚构县', 'Invented County',
       ST_Multi(ST_MakeEnvelope(120.9, 40.7, 120.9 + :columns * 0.004, 40.7 + :rows * 0.003, 4326));
INSERT INTO area (code, level, name, name_en, parent_id, geom)
SELECT '999901001', 'township', '虚构镇', 'Invented Town', id, geom FROM area;
INSERT INTO township (area_id, metric_srid)
SELECT id, 4549 FROM area WHERE level = 'township';
INSERT INTO area (code, level, name, name_en, parent_id, geom)
SELECT '99990100100' || (3 * i + j + 1), 'community',
       (ARRAY['东风','南湖','西山','北桥','中兴','前进','向阳','和平','新华'])[3 * i + j + 1] || '社区',
       'Community ' || (3 * i + j + 1), t.id,
       ST_Multi(ST_Intersection(t.geom, ST_MakeEnvelope(
           120.9 + ceil(:columns * j / 3.0) * 0.004, 40.7 + ceil(:rows * i / 3.0) * 0.003,
           120.9 + ceil(:columns * (j + 1) / 3.0) * 0.004,
           40.7 + ceil(:rows * (i + 1) / 3.0) * 0.003, 4326)))
FROM area t, generate_series(0, 2) i, generate_series(0, 2) j WHERE t.level = 'township';
INSERT INTO plan (township_id, name, state, validity)
SELECT area_id, '2022年方案', 'published', daterange('2022-09-01', NULL) FROM township;
INSERT INTO grid (plan_id, code, name, kind, community_id, host, geom)
SELECT p.id, a.code || lpad((row_number() OVER (PARTITION BY a.code ORDER BY y DESC, x))::text, 3, '0'),
       a.name || '第' || row_number() OVER (PARTITION BY a.code ORDER BY y DESC, x) || '网格',
       CASE WHEN (x + y) % 7 = 0 THEN 'exclusive' ELSE 'basic' END, a.id,
       CASE WHEN (x + y) % 7 = 0 THEN '虚构中学' END,
       ST_Multi(ST_MakeEnvelope(120.9 + x * 0.004, 40.7 + y * 0.003,
                                120.9 + (x + 1) * 0.004, 40.7 + (y + 1) * 0.003, 4326))
FROM plan p, generate_series(0, :columns - 1) x, generate_series(0, :rows - 1) y, area a
WHERE a.level = 'community'
  AND ST_Contains(a.geom, ST_SetSRID(ST_MakePoint(120.902 + x * 0.004, 40.7015 + y * 0.003), 4326));
INSERT INTO street (township_id, code, name, geom)
SELECT area_id, 'S' || y, '虚构' || y || '路', ST_SetSRID(ST_GeomFromText(
    format('MULTILINESTRING((120.9 %1$s, %2$s %1$s))', 40.7015 + y * 0.003, 120.9 + :columns * 0.004)), 4326)
FROM township, generate_series(0, :rows - 1) y;
INSERT INTO house (township_id, code, address, geom)
SELECT area_id, 'H' || n, '虚构镇虚构' || n % 97 || '路' || n || '号',
       ST_SetSRID(ST_MakePoint(120.9 + :columns * 0.004 * ((n * 0.7548776662466927)::numeric % 1),
                               40.7 + :rows * 0.003 * ((n * 0.5698402909980532)::numeric % 1)), 4326)
FROM township, generate_series(1, :houses) n;
INSERT INTO household (township_id, code, house_id)
SELECT township_id, 'F' || id, id FROM house;
INSERT INTO resident (township_id, code, household_id, name)
SELECT township_id, 'R' || id || '-' || k, id, '测试人' || id
FROM household, generate_series(1, 2) k;
INSERT INTO matter_list (township_id, version, validity)
SELECT area_id, '1', daterange('2020-01-01', NULL) FROM township;
INSERT INTO matter (list_id, code, name, name_en) SELECT id, '01', '市容环境', 'Environment' FROM matter_list;
INSERT INTO event (township_id, code, matter_id, reported_at, closed_at, geom)
SELECT t.area_id, 'E' || n, m.id, '2023-05-01 01:00Z',
       CASE WHEN n % 3 > 0 THEN timestamptz '2023-05-02 01:00Z' END,
       ST_SetSRID(ST_MakePoint(120.9 + :columns * 0.004 * ((n * 0.6180339887498949)::numeric % 1),
                               40.7 + :rows * 0.003 * ((n * 0.4142135623730951)::numeric % 1)), 4326)
FROM township t, matter m, generate_series(1, :events) n;
INSERT INTO staff (township_id, code, name, phone)
SELECT area_id, 'S1', '测试网格长', '13900000000' FROM township;
INSERT INTO team_member (township_id, staff_id, grid_code, role, during)
SELECT s.township_id, s.id, g.code, 'leader', daterange('2022-01-01', NULL) FROM staff s, grid g;
INSERT INTO house_grid (plan_id, house_id, grid_id)
SELECT DISTINCT ON (h.id) g.plan_id, h.id, g.id FROM house h JOIN grid g ON ST_Covers(g.geom, h.geom)
ORDER BY h.id, g.code COLLATE "C";
INSERT INTO event_grid (plan_id, event_id, grid_id)
SELECT DISTINCT ON (e.id) g.plan_id, e.id, g.id FROM event e JOIN grid g ON ST_Covers(g.geom, e.geom)
ORDER BY e.id, g.code COLLATE "C"
"""
