"""Town F in data/ is what scripts/make_town writes, and holds together; its ground tiles."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from gisgrid.core.codes import number_in_community, unit_grid_codes
from gisgrid.core.crs import to_metric
from tests.support.town_files import (
    DATA,
    SHAPES,
    TABLES,
    check_digit,
    ground,
    leaders_by_day,
    make_town,
    metric,
    points,
    shapes,
    table,
)


def test_the_committed_town_is_what_the_script_writes(tmp_path: Path) -> None:
    make_town("--out", str(tmp_path))
    written = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    # The calendar, three documents, and a README to each of the nine folders.
    assert len(written) == len(TABLES) + len(SHAPES) + 2 + 3 + 9
    for path in written:
        assert (DATA / path).read_bytes() == (tmp_path / path).read_bytes(), path


def test_it_has_the_numbers_of_the_paper() -> None:
    counts = {name: len(table(name)) for name in TABLES}
    assert counts["residents"] == 8003
    assert counts["houses"] == 2000
    assert counts["households"] == 2900
    assert counts["events"] >= 3182
    assert Counter(shapes("grids")["kind"]) == {"basic": 44, "exclusive": 9}
    assert Counter(shapes("areas")["level"]) == {"county": 1, "township": 1, "community": 9}
    assert Counter(table("matters")["parent"] == "") == {True: 8, False: 42}
    matters = table("matters")
    assert set(table("events")["matter"]) == set(matters["code"][matters["parent"] != ""])


KEYS = {
    "aliases": ["alias"],
    "staff": ["code", "grid", "since"],
    "offices": ["code", "area"],
    "documents": ["file"],
    "trainings": ["code", "staff"],
    "receipts": ["document", "version", "staff"],
}
"""What names a row where that is not its code alone."""


@pytest.mark.parametrize("name", [*TABLES, *SHAPES])
def test_codes_are_unique_but_for_people_in_several_teams(name: str) -> None:
    frame = shapes(name) if name in SHAPES else table(name)
    key = KEYS.get(name, ["code"])
    assert (frame[key[0]] != "").all()
    assert not frame.duplicated(key).any()


def test_grid_codes_follow_the_scheme() -> None:
    grids = shapes("grids")
    assert set(grids["code"].str.len()[grids["kind"] == "basic"]) == {15}
    assert set(grids["code"].str.len()[grids["kind"] == "exclusive"]) == {20}
    assert (grids["code"].str[:12] == grids["community"]).all()
    assert (grids["host"] != "").tolist() == (grids["kind"] == "exclusive").tolist()


def assert_tiles(folder: Path) -> None:
    areas, grids = shapes("areas", folder), shapes("grids", folder)
    communities = areas[areas["level"] == "community"]
    town = areas["geometry"][1]
    for parts in (ground(grids), ground(communities)):
        assert shapely.is_valid(parts).all()
        assert shapely.coverage_is_valid(parts)
        # Equal to the last vertex: no sliver can hide in a tolerance.
        assert shapely.coverage_union_all(parts).normalize() == town.normalize()
    for code, community in zip(communities["code"], communities["geometry"], strict=True):
        own = ground(grids[grids["community"] == code])
        assert shapely.coverage_union_all(own).normalize() == community.normalize()


def test_grids_tile_communities_and_communities_the_town() -> None:
    assert_tiles(DATA)
    grids = shapes("grids")
    assert sum(len(g.interiors) for g in grids["geometry"]) >= 3, "no exclusive grid is a hole"


def test_every_house_lies_in_a_grid_of_its_community_and_few_on_a_border() -> None:
    houses, grids = table("houses"), shapes("grids")
    polygons = ground(grids)
    house, grid = shapely.STRtree(polygons).query(points(houses), predicate="intersects")
    owners = pd.Series(grids["code"].to_numpy()[grid]).groupby(house).agg(["min", "size"])
    assert len(owners) == len(houses)
    assert (owners["min"].str[:12].to_numpy() == houses["community"]).all()
    on_border = set(owners.index[owners["size"] > 1])
    assert len(on_border) == 5

    borders = shapely.union_all(shapely.boundary(np.array([metric(p) for p in polygons])))
    border_m = shapely.distance(metric(points(houses)), borders)
    assert set(np.flatnonzero(border_m < 1e-6)) == on_border
    assert ((border_m > 0) & (border_m < 5)).sum() == 8
    assert not ((border_m >= 5) & (border_m < 7)).any()


def test_basic_grids_differ_two_to_threefold_in_residents() -> None:
    houses, grids = table("houses"), shapes("grids")
    house, grid = shapely.STRtree(ground(grids)).query(points(houses), predicate="intersects")
    owner = dict(zip(houses["code"].to_numpy()[house[::-1]], grid[::-1], strict=True))
    home = table("residents").merge(table("households"), left_on="household", right_on="code")
    people = home["house"].map(owner).value_counts()
    basic = people.reindex(np.flatnonzero(grids["kind"] == "basic"))
    assert 2 <= basic.max() / basic.min() <= 3


def test_references_hold() -> None:
    houses, households, residents = table("houses"), table("households"), table("residents")
    assert set(households["house"]) <= set(houses["code"])
    assert set(residents["household"]) == set(households["code"])
    assert set(table("staff")["grid"]) == set(shapes("grids")["code"])
    assert not houses.duplicated("address").any()
    assert not households.duplicated(["house", "room"]).any()
    areas = shapes("areas").set_index("code")["name"]
    assert all(
        a.startswith(areas[c]) for a, c in zip(houses["address"], houses["community"], strict=True)
    )


def test_citizen_ids_are_well_formed_and_of_nobody() -> None:
    residents = table("residents")
    ids = residents["citizen_id"]
    assert check_digit("11010519491231002") == "X"
    assert not ids.duplicated().any()
    assert (ids.str[:6] == "999901").all()
    assert all(check_digit(i[:17]) == i[17] for i in ids)
    assert (ids.str[6:14] == residents["birth_date"].str.replace("-", "")).all()
    assert (ids.str[16].astype(int) % 2 == (residents["sex"] == "m")).all()
    assert residents["birth_date"].max() <= "2023-08-31"
    phones = residents["phone"][residents["phone"] != ""]
    assert phones.str.fullmatch(r"19900\d{6}").all()
    assert not phones.duplicated().any()
    assert residents["name"].str[0].isin(list("测试虚拟样构")).all()


def test_who_lives_alone_over_65_is_marked_and_nobody_else() -> None:
    residents = table("residents")
    alone = residents.groupby("household")["code"].transform("size") == 1
    born = pd.to_datetime(residents["birth_date"])
    old = born <= pd.Timestamp("1958-08-31")
    marked = residents["needs"].str.contains("living_alone")
    # On the day itself the age in days and in calendar years may differ.
    doubtful = (born - pd.Timestamp("1958-08-31")).abs() <= pd.Timedelta(days=2)
    assert (marked == (alone & old))[~doubtful].all()
    assert marked.sum() > 100


def test_each_grid_has_exactly_one_leader_on_every_day() -> None:
    staff = table("staff")
    year = {date(2022, 9, 1) + timedelta(n) for n in range(365)}
    changes = 0
    for grid in shapes("grids")["code"]:
        days = leaders_by_day(staff, grid)
        assert set(days) == year
        assert set(days.values()) == {1}
        changes += ((staff["grid"] == grid) & (staff["role"] == "leader")).sum() - 1
    assert changes >= 3
    assert set(staff["role"]) == {"leader", "worker", "sinking_force", "social_force"}


def test_training_and_receipts_are_of_people_in_a_team_that_day() -> None:
    staff = table("staff")

    def in_a_team(person: str, day: str) -> bool:
        mine = staff[staff["code"] == person]
        return bool(
            ((mine["since"] <= day) & ((mine["until"] == "") | (mine["until"] >= day))).any()
        )

    trainings, receipts = table("trainings"), table("receipts")
    assert all(map(in_a_team, trainings["staff"], trainings["held_on"]))
    documents = table("documents")
    issued = {
        (code, str(n + 1)): day
        for code, rows in documents.groupby("code")
        for n, day in enumerate(rows["issued_on"])
    }
    first = [issued[key] for key in zip(receipts["document"], receipts["version"], strict=True)]
    assert (receipts["read_at"].str[:10] >= pd.Series(first)).all()
    assert all(map(in_a_team, receipts["staff"], first))
    for name in documents["file"]:
        assert "虚构" in (DATA / "learning" / name).read_text("utf-8")
    taught = set(trainings["staff"][trainings["kind"] == "training"])
    teams = staff[staff["until"] == ""].groupby("grid")["code"].agg(set)
    assert sum(not (team & taught) for team in teams) >= 3


def test_every_community_has_a_head_and_a_cadre_in_charge_of_it() -> None:
    areas, offices = shapes("areas"), table("offices")
    communities = set(areas["code"][areas["level"] == "community"])
    held = offices.groupby("role")["area"].agg(sorted)
    assert held["section_cadre"] == held["community_clerk"] == sorted(communities)
    assert held["township_government"] == ["999901001"]
    assert offices["name"].str[0].isin(list("测试虚拟样构")).all()
    assert offices["phone"].str.fullmatch(r"19902\d{6}").all()
    assert offices.groupby("code")["name"].nunique().eq(1).all()


def test_stations_stand_at_houses_and_visits_are_what_the_register_says() -> None:
    stations, houses, visits = table("stations"), table("houses"), table("visits")
    assert set(stations["address"]) <= set(houses["address"])
    assert Counter(stations["kind"]) == {"township": 1, "community": 9, "team_post": 22}
    households = table("households")
    seen = households[households["verified_on"] != ""]
    assert set(zip(visits["house"], visits["visited_on"], strict=True)) == set(
        zip(seen["house"], seen["verified_on"], strict=True)
    )
    assert set(visits["staff"]) - {""} <= set(table("staff")["code"])


def test_events_happen_in_the_year_and_in_the_town() -> None:
    events, grids = table("events"), shapes("grids")
    assert events["reported_at"].min() >= "2022-09-01"
    assert events["reported_at"].max() < "2023-09-01"
    closed = events[events["closed_at"] != ""]
    assert (closed["closed_at"] >= closed["reported_at"]).all()
    assert (closed["closed_at"] < "2023-09-01").all()
    assert (events["due_at"] > events["reported_at"]).all()
    assert 0.02 < (closed["closed_at"] > closed["due_at"]).mean() < 0.2
    assert 0 < len(events) - len(closed) < 0.1 * len(events)
    event, grid = shapely.STRtree(ground(grids)).query(points(events), predicate="intersects")
    assert set(event) == set(range(len(events)))
    assert (grids["kind"].to_numpy()[grid] == "exclusive").sum() > 50


@pytest.mark.thorough
def test_a_bigger_town_has_the_same_columns_and_tiles(tmp_path: Path) -> None:
    make_town("--out", str(tmp_path), "--scale", "6000", "--seed", "4")
    assert_tiles(tmp_path)
    for name in TABLES:
        small, big = table(name), table(name, tmp_path)
        assert list(small.columns) == list(big.columns)
        assert not big.duplicated(KEYS.get(name, ["code"])).any()
    assert len(table("houses", tmp_path)) == 6000
    assert len(shapes("grids", tmp_path)) == 60


def test_the_grids_are_numbered_as_the_product_numbers_them() -> None:
    grids = shapes("grids")
    basic = grids[grids["kind"] == "basic"]
    for community, rows in basic.groupby("community"):
        polygons = to_metric(rows["geometry"].to_numpy(object), 4549)
        boxes = shapely.bounds(polygons)
        centres = shapely.get_coordinates(shapely.centroid(polygons))
        numbers = number_in_community(*centres.T, boxes[:, 3] - boxes[:, 1])
        assert unit_grid_codes(str(community), numbers) == rows["code"].tolist()
