"""Layers: tiles stay small and complete, fingerprints follow the data, pages hold no foreign text."""

from __future__ import annotations

import json
import math
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotFound
from gisgrid.people.accounts import add_account
from layers import areas, colours, events, grids, houses, page, streets, tiles
from layers.layer import Layer, LayerScope
from layers.tiles import Tile
from tests.support import mvt
from tests.support.factories import create_event, create_house, create_plan, create_township
from tests.support.sketch import spot
from tests.support.web import fill_town

SMALL_TILE = 50_000


@pytest.fixture(autouse=True)
def seeing_all(session: Session) -> None:
    """What a tile holds is asked here as somebody who may see every house."""
    account = add_account(session, "all-seeing", "测试员")
    session.execute(
        text(
            "INSERT INTO appointment (account_id, role, during) "
            "VALUES (:id, 'planner', daterange('2020-01-01', NULL))"
        ),
        {"id": account.id},
    )
    session.execute(
        text("SELECT set_config('gisgrid.account', :id, true)"), {"id": str(account.id)}
    )


def tile_of(place: tuple[float, float], z: int) -> Tile:
    lon, lat = place
    v = 0.5 - math.log(math.tan(math.radians(45 + lat / 2))) / (2 * math.pi)
    return Tile(z, int((lon + 180) / 360 * 2**z), int(v * 2**z))


def inside(features: list[mvt.Feature]) -> list[mvt.Feature]:
    """Without the symbols of the neighbours' margin."""
    return [f for f in features if all(0 <= c < 4096 for c in f.points[0])]


def symbols(tile: bytes, name: str) -> list[mvt.Feature]:
    return inside(mvt.read(tile).get(name, []))


def count(features: list[mvt.Feature]) -> int:
    return sum(f.values.get("n", 1) for f in features)


def test_far_out_all_houses_are_counted_in_few_symbols(session: Session):
    town = fill_town(session, houses=5000)
    tile = houses.tile(session, town.plan_id, tile_of((120.91, 40.705), 8))
    found = symbols(tile, "houses")
    assert count(found) == 5000
    assert len(found) < 50


def test_neighbouring_tiles_count_each_house_once(session: Session):
    town = fill_town(session, houses=3000)
    for z in (14, 15, 16):
        west, east = tile_of((120.9, 40.7), z), tile_of((120.932, 40.7), z)
        south, north = west.y, tile_of((120.9, 40.718), z).y
        total = sum(
            count(symbols(houses.tile(session, town.plan_id, Tile(z, x, y)), "houses"))
            for x in range(west.x, east.x + 1)
            for y in range(north, south + 1)
        )
        # A sum whose middle lies on the edge may be drawn by either tile, never by none.
        assert abs(total - 3000) <= 3000 * 0.002, z


def test_near_by_each_house_is_a_point_at_its_place_with_its_number(session: Session):
    township = create_township(session)
    plan = create_plan(session, township, "a b")
    place = spot(0.3, 0.6)
    house = create_house(session, township, place)
    at = tile_of(place, 17)
    (found,) = symbols(houses.tile(session, plan.id, at), "houses")
    assert found.id == house.id
    lon = (at.x + found.points[0][0] / 4096) / 2**17 * 360 - 180
    assert lon == pytest.approx(place[0], abs=360 / 2**17 / 4096)


def test_houses_on_one_spot_are_one_symbol(session: Session):
    township = create_township(session)
    plan = create_plan(session, township, "a b")
    for _ in range(3):
        create_house(session, township, spot(0.5, 0.5))
    (found,) = symbols(houses.tile(session, plan.id, tile_of(spot(0.5, 0.5), 17)), "houses")
    assert (found.id, found.values) == (None, {"n": 3})


@pytest.mark.thorough
def test_a_crowded_tile_is_summed_and_small_at_every_zoom(session: Session):
    # 60,000 houses on one square kilometre: denser than any town.
    town = fill_town(session, columns=3, rows=3, houses=60_000, events=0)
    for z in range(8, tiles.DEEPEST + 1):
        tile = houses.tile(session, town.plan_id, tile_of((120.906, 40.7045), z))
        assert 0 < len(tile) < SMALL_TILE, z


def test_open_and_closed_events_are_told_apart(session: Session):
    town = fill_town(session, events=90)
    at = tile_of((120.91, 40.705), 8)
    assert count(symbols(events.open_tile(session, town.plan_id, at), "open_events")) == 30
    assert count(symbols(events.closed_tile(session, town.plan_id, at), "closed_events")) == 60


def test_events_of_a_past_day_are_those_reported_by_then_as_they_stood(session: Session):
    town = fill_town(session, events=90)
    session.execute(
        text(
            "UPDATE event SET reported_at = CASE WHEN id % 3 = 0 THEN timestamptz "
            "'2023-08-31 23:59+08' ELSE '2023-09-01 00:00+08' END, closed_at = CASE "
            "WHEN id % 2 = 0 THEN timestamptz '2023-09-01 00:00+08' END"
        )
    )
    at = tile_of((120.91, 40.705), 8)

    def shown(day: date | None) -> tuple[int, int]:
        still = events.open_tile(session, town.plan_id, at, day=day)
        done = events.closed_tile(session, town.plan_id, at, day=day)
        return count(symbols(still, "open_events")), count(symbols(done, "closed_events"))

    assert shown(None) == (45, 45)
    assert shown(date(2023, 8, 31)) == (30, 0)
    assert shown(date(2023, 9, 1)) == (45, 45)
    assert shown(date(2023, 8, 30)) == (0, 0)


def test_tiles_hold_numbers_of_rows_and_names_of_streets_only(session: Session):
    town = fill_town(session)
    session.execute(text("UPDATE event SET text = 'canary', address = 'canary'"))
    session.execute(text("UPDATE house SET address = 'canary'"))
    session.execute(text("UPDATE resident SET name = 'canary'"))
    for z in (10, 14, 17):
        at = tile_of((120.9142, 40.7092), z)
        for make in (houses.tile, events.open_tile, events.closed_tile, streets.tile):
            for features in mvt.read(make(session, town.plan_id, at)).values():
                for feature in features:
                    assert set(feature.values) <= {"n", "name"}
            assert b"canary" not in make(session, town.plan_id, at)


def test_a_tile_shows_only_the_township_of_its_plan(session: Session):
    ours, theirs = create_township(session), create_township(session)
    plan = create_plan(session, ours, "a b")
    create_house(session, theirs, spot(0.5, 0.5))
    create_event(session, theirs, spot(0.5, 0.5))
    at = tile_of(spot(0.5, 0.5), 14)
    assert houses.tile(session, plan.id, at) == b""
    assert events.open_tile(session, plan.id, at) == b""


@pytest.mark.parametrize(("z", "x", "y"), [(-1, 0, 0), (18, 0, 0), (3, 8, 0), (3, 0, -1)])
def test_there_is_no_tile_outside_the_pyramid(z: int, x: int, y: int):
    with pytest.raises(NotFound):
        Tile(z, x, y)


def test_the_tile_of_the_whole_world_can_be_made(session: Session):
    town = fill_town(session, houses=10)
    assert count(symbols(houses.tile(session, town.plan_id, Tile(0, 0, 0)), "houses")) == 10
    assert streets.tile(session, town.plan_id, Tile(0, 0, 0)) == b""


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE house SET geom = ST_Translate(geom, 0.0001, 0) WHERE code = 'H1'",
        "DELETE FROM event_grid",
        "UPDATE event SET closed_at = now() WHERE code = 'E3'",
        "INSERT INTO house (township_id, code, address, location_status) "
        "SELECT area_id, 'new', '虚构路', 'unlocated' FROM township",
        "UPDATE grid SET name = '新名' WHERE code LIKE '%1'",
        "DELETE FROM street",
        "UPDATE area SET name = '新名' WHERE level = 'community'",
    ],
)
def test_any_change_of_what_is_shown_changes_the_fingerprint(session: Session, change: str):
    town = fill_town(session)
    session.execute(text("SAVEPOINT before"))
    before = tiles.data_version(session, town.plan_id)
    assert tiles.data_version(session, town.plan_id) == before
    session.execute(text(change))
    assert tiles.data_version(session, town.plan_id) != before


def test_polygons_come_as_geojson_with_a_point_for_the_label(session: Session):
    town = fill_town(session)
    found = json.loads(grids.features(session, town.plan_id))
    assert len(found["features"]) == 48
    kinds = [f["properties"]["kind"] for f in found["features"]]
    assert kinds == sorted(kinds), "exclusive grids are drawn last"
    lon, lat = found["features"][0]["properties"]["label"]
    assert 120.9 < lon < 120.932
    assert 40.7 < lat < 40.718
    levels = [
        f["properties"]["level"]
        for f in json.loads(areas.features(session, town.plan_id))["features"]
    ]
    assert levels == ["township"] + ["community"] * 9


def test_the_extent_holds_grids_beyond_the_township(session: Session):
    plan = create_plan(session, create_township(session, "a b"), "a b c")
    extent = areas.extent(session, plan.id)
    assert extent.east == pytest.approx(spot(3, 0)[0])


def test_communities_have_their_own_colours_and_names(session: Session):
    town = fill_town(session)
    communities = areas.communities(session, town.plan_id)
    layer = grids.layer(LayerScope(town.plan_id, "v"), str, communities, english=True)
    swatches = layer.colourings[0].swatches
    assert [s.label for s in swatches][:2] == ["Community 1", "Community 2"]
    assert len({s.colour for s in swatches}) == len(colours.QUALITATIVE) == len(swatches)


def made_page(**texts: str) -> page.MapPage:
    layer = Layer("houses", "points", texts.get("title", "t"), "/tiles", {})
    basemap = page.Basemap("http://base.example/{z}/{x}/{y}.png", texts.get("credit", ""))
    return page.page(
        [layer],
        areas.Extent(120.9, 40.7, 121, 40.8),
        assets={name: f"/static/{name}" for name in page.SCRIPTS + page.STYLES},
        town="/static/town.js",
        entry="/static/map.js",
        ui={"words": {"grid": texts.get("word", "w")}},
        basemap=basemap if "credit" in texts else None,
    )


def test_a_page_names_no_host_and_is_the_same_each_time():
    one = made_page()
    whole = one.head + one.body + one.script
    assert "http" not in whole
    assert "//" not in whole.replace("\n", "")
    assert one == made_page()
    assert "[[40.7, 120.9], [40.8, 121]]" in one.script


def test_text_cannot_leave_the_script():
    bad = "</script><img src=x onerror=alert(1)>'\"&"
    made = made_page(title=bad, word=bad, credit=bad)
    assert "<img" not in made.script
    assert "</script" not in made.script
    assert "http://base.example" in made.script
