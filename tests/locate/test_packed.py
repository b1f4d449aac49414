"""The packed index answers in the browser as the locator and Shapely do."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from gisgrid.core.datums import bd09_to_wgs84, gcj02_to_wgs84
from gisgrid.core.errors import OutsideCoverage
from gisgrid.core.plans import plan_in_force, township
from gisgrid.locate.packed import COARSE, FINE, pack, version_of
from gisgrid.locate.point_lookup import Snapshot, in_snapshot, take
from tests.support.factories import create_grid, create_plan, create_township
from tests.support.sketch import sketch, spot
from tests.support.web import chromium

pytestmark = pytest.mark.browser

SCRIPTS = Path(__file__).parents[2] / "web" / "static" / "js" / "pure"
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page()
        sources = [(SCRIPTS / name).read_text("utf-8") for name in ("packed.js", "datums.js")]
        page.evaluate(
            """async (sources) => {
                 const address = (source) => URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
                 const modules = await Promise.all(sources.map((source) => import(address(source))));
                 window.gisgrid = Object.assign({}, ...modules);
               }""",
            sources,
        )
        yield page


def ask(page: Page, packed: bytes, places: np.ndarray) -> list[dict[str, Any]]:
    """What the page answers to places, (n, 2)."""
    found: list[dict[str, Any]] = page.evaluate(
        """([text, places]) => {
             const index = gisgrid.unpack(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
             return places.map(([lon, lat]) => gisgrid.locate(index, lon, lat));
           }""",
        [base64.b64encode(packed).decode(), places.tolist()],
    )
    return found


def snapshot_of(session: Session) -> Snapshot:
    place = township(session)
    return take(session, place, plan_in_force(session, place.id))


def places_about(snapshot: Snapshot, rng: np.random.Generator, count: int) -> np.ndarray:
    """Vertices, points a quantum beside them, and points all over."""
    xy = snapshot.owners.index.xy
    vertices = xy[~np.isnan(xy[:, 0])]
    chosen = vertices[rng.choice(len(vertices), min(count, len(vertices)), replace=False)]
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    spread = (high - low) * 0.1
    everywhere = rng.uniform(low - spread, high + spread, (3 * count, 2))
    beside = chosen + rng.integers(-1, 2, chosen.shape) / COARSE
    return np.vstack((chosen, beside, everywhere))


def in_quanta(snapshot: Snapshot, scale: int) -> dict[str, shapely.Polygon]:
    """The polygons with whole numbers as coordinates, by code: exact, as the page has them."""
    index = snapshot.owners.index
    shapes = {}
    for g, code in enumerate(snapshot.owners.codes):
        xy = np.round(index.xy[index.start[g] : index.start[g + 1]] * scale)
        parts = np.split(xy, np.flatnonzero(np.isnan(xy[:, 0])))
        rings = [r for part in parts if len(r := part[~np.isnan(part[:, 0])])]
        shapes[code] = shapely.Polygon(rings[0], rings[1:])
    return shapes


def edge_points(shapes: dict[str, shapely.Polygon]) -> np.ndarray:
    """Whole points exactly on edges: vertices, and middles where those are whole."""
    xy = shapely.get_coordinates(shapely.boundary(list(shapes.values())))
    middles = (xy[:-1] + xy[1:]) / 2
    whole = (middles == np.round(middles)).all(axis=1)
    return np.unique(np.vstack((xy, middles[whole])), axis=0)


def check_in_quanta(page: Page, snapshot: Snapshot, scale: int) -> None:
    """On and beside every edge, Shapely and the page agree about whole points."""
    shapes = in_quanta(snapshot, scale)
    points = edge_points(shapes)
    points = np.vstack((points, points + np.array([0, 1]), points - np.array([1, 0])))
    tree = shapely.STRtree(list(shapes.values()))
    codes = list(shapes)
    lowest: list[str | None] = [None] * len(points)
    which, polygon = tree.query(shapely.points(points), predicate="covered_by")
    for i, g in zip(which.tolist(), polygon.tolist(), strict=True):
        lowest[i] = min(codes[g], lowest[i] or codes[g])
    answers = ask(page, pack(snapshot, taken_at=NOW), points / scale)
    assert [None if a.get("outside") else a["grid"]["code"] for a in answers] == lowest
    assert None in lowest
    assert len(set(lowest)) == len(codes) + 1


def test_town_f_is_answered_as_by_the_locator(town: Session, page: Page):
    snapshot = snapshot_of(town)
    packed = pack(snapshot, taken_at=NOW)
    assert len(packed) < 500_000
    # The file has seven decimals: nothing moves, and a point on the quanta has one answer.
    assert json.loads(packed[: packed.index(b"\n")])["scale"] == COARSE
    places = places_about(snapshot, np.random.default_rng(8), 400)
    places = np.round(places * COARSE) / COARSE
    answers = ask(page, packed, places)
    outside = 0
    for (lon, lat), answer in zip(places.tolist(), answers, strict=True):
        try:
            truth = in_snapshot(snapshot, lon, lat)
        except OutsideCoverage as exc:
            outside += 1
            assert answer["outside"]
            assert answer["nearest"]["code"] == exc.facts["nearest"]
            assert answer["nearest"]["distance_m"] == pytest.approx(
                exc.facts["distance_m"], abs=0.06
            )
            continue
        assert answer["grid"]["code"] == truth.grid.code
        assert answer["grid"]["leader"] == truth.grid.leader
        assert answer["border_m"] == pytest.approx(truth.border_m, abs=1e-6)
        assert [(o["code"], round(o["distance_m"], 4)) for o in answer["others"]] == [
            (o.card.code, round(o.distance_m, 4)) for o in truth.others
        ]
    assert 100 < outside < len(places) - 100


def test_finer_coordinates_take_finer_quanta_and_the_rule_holds_on_every_vertex(
    session: Session, page: Page
):
    made = create_township(session, "a b")
    plan = create_plan(session, made, None)
    rng = np.random.default_rng(3)
    for i in range(12):
        angles = np.sort(rng.uniform(0, 2 * np.pi, 40))
        radius = rng.uniform(0.001, 0.004, 40)
        centre = rng.uniform((120.9, 40.7), (120.91, 40.71))
        hole = rng.uniform(0.0002, 0.0009, 40)
        circle = np.column_stack((np.cos(angles), np.sin(angles)))
        shape = shapely.Polygon(
            centre + circle * radius[:, None], [centre + circle * hole[:, None]]
        )
        assert shape.is_valid
        create_grid(session, plan, shape, code=f"g{i:02d}", kind="basic")
    snapshot = snapshot_of(session)
    packed = pack(snapshot, taken_at=NOW)
    assert json.loads(packed[: packed.index(b"\n")])["scale"] == FINE
    check_in_quanta(page, snapshot, FINE)


def test_town_f_is_right_on_every_edge(town: Session, page: Page):
    check_in_quanta(page, snapshot_of(town), COARSE)


def test_random_points_of_full_precision_have_the_locators_answer(town: Session, page: Page):
    snapshot = snapshot_of(town)
    rng = np.random.default_rng(11)
    xy = snapshot.owners.index.xy
    low, high = np.nanmin(xy, axis=0), np.nanmax(xy, axis=0)
    places = rng.uniform(low, high, (3000, 2))
    truth = snapshot.owners.locate_many(places[:, 0], places[:, 1])
    answers = ask(page, pack(snapshot, taken_at=NOW), places)
    found = [None if a.get("outside") else a["grid"]["code"] for a in answers]
    assert found == [None if t < 0 else snapshot.owners.codes[t] for t in truth.tolist()]


def test_in_overlay_mode_the_exclusive_grid_is_named_beside_the_owner(session: Session, page: Page):
    made = create_township(session, "a b", grid_rule="overlay")
    plan = create_plan(session, made, "a b")
    create_grid(session, plan, sketch("X .")["X"], code="X")
    packed = pack(snapshot_of(session), taken_at=NOW)
    one, other = ask(page, packed, np.array([spot(0.5, 0.5), spot(1.5, 0.5)]))
    assert (one["grid"]["code"], one["exclusive"]["code"]) == ("a", "X")
    assert (other["grid"]["code"], other["exclusive"]) == ("b", None)


def test_the_version_is_the_plans_and_changes_with_a_leader(session: Session):
    made = create_township(session, "a b")
    plan = create_plan(session, made, "a b")
    before = snapshot_of(session)
    assert version_of(before).startswith(f"{plan.id}-")
    assert version_of(before) == version_of(snapshot_of(session))
    session.query(type(plan)).filter_by(id=plan.id).update({"name": "另一名称"})
    assert version_of(snapshot_of(session)) != version_of(before)


def test_a_plan_without_grids_packs_to_an_answer(session: Session, page: Page):
    made = create_township(session, "a b")
    create_plan(session, made, None)
    packed = pack(snapshot_of(session), taken_at=NOW)
    (answer,) = ask(page, packed, np.array([spot(0.5, 0.5)]))
    assert answer["outside"]
    assert answer["nearest"] is None


@pytest.mark.parametrize(("datum", "truth"), [("gcj02", gcj02_to_wgs84), ("bd09", bd09_to_wgs84)])
def test_the_pages_datums_are_the_servers(page: Page, datum: str, truth: Any):
    places = np.random.default_rng(2).uniform((70, 1), (140, 57), (200, 2))
    moved = page.evaluate(
        "([datum, places]) => places.map(([x, y]) => gisgrid.toWgs84(datum, x, y))",
        [datum, places.tolist()],
    )
    np.testing.assert_allclose(moved, np.column_stack(truth(*places.T)), atol=2e-12)
