"""The editor's page in a browser: where things are on it, a border pulled, the worker that does what it orders."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page
from sqlalchemy import Engine, text

from gisgrid.db.store import transaction
from gisgrid.jobs import worker
from tests.support.web import Visit


@contextmanager
def worked(engine: Engine) -> Iterator[None]:
    """What the page orders meanwhile is done by a worker as soon as it is there."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.1):
            with transaction(engine, read_only=True) as session:
                waits = session.scalar(
                    text("SELECT EXISTS (SELECT FROM job WHERE state = 'waiting')")
                )
            if waits:
                worker.work(engine, once=True)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def on_screen(page: Page, place: list[float]) -> tuple[float, float]:
    x, y = page.evaluate(
        """([lon, lat]) => {
             const at = gisgrid.town.latLngToContainerPoint(L.latLng(lat, lon));
             const box = gisgrid.town.getContainer().getBoundingClientRect();
             return [at.x + box.x, at.y + box.y];
           }""",
        place,
    )
    return float(x), float(y)


def middle_of(page: Page, code: str) -> list[float]:
    found: list[float] = page.evaluate(
        """(code) => { const c = gisgrid.editor.grids.of.get(code).getBounds().getCenter();
             return [c.lng, c.lat]; }""",
        code,
    )
    return found


def version(page: Page) -> int:
    return int(page.evaluate("gisgrid.editor.view.version"))


def wait_version(page: Page, number: int) -> None:
    page.wait_for_selector(f"html[data-version='{number}']", state="attached")


def long_arc(page: Page) -> dict[str, Any]:
    """A border with corners between its ends, the one with most houses beside it."""
    found: dict[str, Any] = page.evaluate(
        """() => {
             const grid = (code) => gisgrid.editor.grid(code);
             return gisgrid.editor.view.arcs
               .filter((arc) => arc.movable && arc.line.length > 4
                 && arc.grids.every((code) => grid(code).kind === "basic"))
               .sort((a, b) => b.line.length - a.line.length)[0];
           }"""
    )
    return found


def drag_border(seen: Visit, by: tuple[float, float], *, keep: bool = True) -> dict[str, Any]:
    """Pull the middle corner of a border by some pixels."""
    page, arc = seen.page, long_arc(seen.page)
    middle = arc["line"][len(arc["line"]) // 2]
    seen.look(middle[0], middle[1], 17)
    x, y = on_screen(page, middle)
    page.evaluate(
        "(id) => { gisgrid.editor.arcs.eachLayer((line) => { if (line.arc.id === id) line.fire('click'); }); }",
        arc["id"],
    )
    page.wait_for_selector(".marker-icon")
    page.mouse.move(x, y)
    page.mouse.down()
    for k in range(1, 5):
        page.mouse.move(x + by[0] * k / 4, y + by[1] * k / 4)
        page.evaluate("() => new Promise((go) => requestAnimationFrame(() => go(null)))")
    page.wait_for_selector("#live table, #live .refused")
    if keep:
        page.mouse.up()
    return arc
