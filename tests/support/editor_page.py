"""The editor's page in a browser: where things are on it, a border pulled, the worker that does what it orders."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

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


def lone_house(session: Session, plan_id: int) -> tuple[list[float], str]:
    """A house with no other near it, and the neighbour of its grid that is nearest to it."""
    lon, lat, code = session.execute(
        text(
            "SELECT ST_X(h.geom), ST_Y(h.geom), o.code FROM house h "
            "JOIN house_grid a ON a.house_id = h.id AND a.plan_id = :p "
            "JOIN grid g ON g.id = a.grid_id AND g.kind = 'basic' "
            "JOIN grid o ON o.plan_id = g.plan_id AND o.community_id = g.community_id "
            "  AND o.kind = 'basic' AND o.id <> g.id "
            "WHERE h.location_status = 'ok' AND NOT EXISTS (SELECT FROM house n WHERE n.id <> h.id "
            "  AND ST_DWithin(n.geom, h.geom, 0.0003)) "
            "ORDER BY ST_Distance(o.geom, h.geom), h.id LIMIT 1"
        ),
        {"p": plan_id},
    ).one()
    return [lon, lat], code


def pair(page: Page) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two basic grids side by side in one community, the western first, as west, south, east, north."""
    found: list[dict[str, Any]] = page.evaluate(
        """() => { const desk = gisgrid.editor, arc = desk.view.arcs.find((arc) => arc.movable
               && arc.grids.every((code) => desk.grid(code).kind === "basic"));
             return arc.grids.map((code) => { const b = desk.grids.of.get(code).getBounds();
               return { code, box: [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()] }; })
               .sort((a, b) => a.box[0] - b.box[0]); }"""
    )
    return found[0], found[1]


def at(grid: dict[str, Any], x: float, y: float) -> list[float]:
    """A place in a grid, by shares of its width and height."""
    west, south, east, north = grid["box"]
    return [west + x * (east - west), south + y * (north - south)]


def taken_up(seen: Visit, draft: int, tool: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The editor over two grids, with a tool taken up before a grid is chosen."""
    seen.open(f"/plan/{draft}")
    west, east = pair(seen.page)
    lon, lat = at(west, 1, 0.5)
    seen.look(lon, lat, 16)
    seen.page.click(f"[data-tool={tool}]")
    expect(seen.page.locator("#hint")).to_contain_text("请")
    return west, east


def edit_of(seen: Visit, work: Any) -> dict[str, Any]:
    """The edit that the page has kept by what somebody does."""
    with seen.page.expect_response(lambda answer: answer.url.endswith("/edit")) as told:
        work()
    assert told.value.ok, told.value.text()
    edit: dict[str, Any] = json.loads(told.value.request.post_data or "{}")["edit"]
    return edit


FILLS = """(grids) => Object.fromEntries(grids.getLayers().map((each) => {
  const found = /^url\\(#(.*)\\)$/.exec(each.options.fillColor);
  const fill = found ? document.getElementById(found[1]).querySelector("rect").getAttribute("fill") : each.options.fillColor;
  return [each.feature.properties.code, fill.toLowerCase()];
}))"""
KEY = """(id) => [...document.querySelectorAll(`#${id} li`)].map((line) => {
  const sample = line.firstElementChild, rect = sample.querySelector("rect"), pen = document.createElement("canvas").getContext("2d");
  const fill = rect ? rect.getAttribute("fill") : getComputedStyle(sample).backgroundColor, found = /^url\\(#(.*)\\)$/.exec(fill);
  pen.fillStyle = found ? document.getElementById(found[1]).querySelector("rect").getAttribute("fill") : fill;
  return [pen.fillStyle, line.children[1].textContent];
})"""
