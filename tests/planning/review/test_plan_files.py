"""A plan's files, lists and pages say the same as the plan: counted again from the files by GeoPandas."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import plan_named, township
from gisgrid.db.store import transaction
from gisgrid.loading.scenario_files import import_scenario
from gisgrid.planning.editor import scenarios
from tests.support.editor import client_of
from tests.support.made_store import a_town, store_town
from tests.support.plan_files import grids_by_file, houses_of
from tests.support.terminal import gisgrid


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], object]:
    """600 houses, some within millimetres of a border, with households and nobody registered."""

    def filled(session: Session) -> int:
        return store_town(session, a_town(61)[0]).area_id

    return filled


@pytest.fixture
def town(engine: Engine) -> Engine:
    return engine


@pytest.mark.parametrize("ending", ["geojson", "gpkg"])
def test_by_a_plans_file_every_house_has_the_grid_that_it_has_by_the_plan(
    town: Engine, tmp_path: Path, ending: str
):
    file = tmp_path / f"plan.{ending}"
    assert gisgrid(town, "scenario", "export", "2022", str(file)).exit_code == 0
    houses = houses_of(town, "2022")
    assert grids_by_file(houses, file) == houses.grid.tolist()
    with transaction(town) as session:
        import_scenario(session, township(session), file, name="再来", who="甲")
    assert houses_of(town, "再来").grid.tolist() == houses.grid.tolist()


def test_the_api_gives_polygons_to_the_last_digit(town: Engine):
    with transaction(town) as session:
        plan = plan_named(session, township(session).id, "2022")
        stored = dict(
            session.execute(
                text("SELECT code, ST_AsBinary(geom) FROM grid WHERE plan_id = :p"), {"p": plan.id}
            ).all()
        )
    answer = client_of(town, "planner").get(f"/api/v1/plans/{plan.id}/grids?geometry=true").json
    for grid in answer["grids"]:
        given = shapely.geometry.shape(grid["geometry"])
        assert shapely.equals_identical(given, shapely.from_wkb(bytes(stored[grid["code"]])))


def test_terminal_sheet_file_plan_page_and_hand_over_tell_one_deviation_and_one_set_of_houses(
    town: Engine, tmp_path: Path
):
    xlsx, geojson = tmp_path / "b.xlsx", tmp_path / "b.geojson"
    said = gisgrid(
        town, "balance", "--far", "--tolerance", "0.01", "--commit", "--name", "2023",
        "--xlsx", str(xlsx), "--geojson", str(geojson),
    )  # fmt: skip
    assert said.exit_code == 0, said.output
    headline = float(re.search(r"largest deviation ([\d.]+)%", said.output)[1])
    houses = houses_of(town, "2023")
    assert grids_by_file(houses, geojson) == houses.grid.tolist()

    book = openpyxl.load_workbook(xlsx, read_only=True)
    rows = list(book["网格 grids"].iter_rows(values_only=True))
    sheet = {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}
    by_sheet = max(abs(row["后偏差 after"]) for row in sheet.values())
    assert f"{100 * by_sheet:.2f}" == f"{headline:.2f}"
    assert {c: row["后房屋 houses after"] for c, row in sheet.items()} == (
        houses.grid[houses.grid != ""].value_counts().to_dict()
    )

    # The workload of the saved draft, as anybody asks for it.
    load = tmp_path / "load.geojson"
    assert gisgrid(town, "workload", "--plan", "2023", "--geojson", str(load)).exit_code == 0
    layer = gpd.read_file(load).set_index("code")
    assert layer.deviation.abs().max() == pytest.approx(by_sheet, abs=1e-9)
    minutes = {code: row["后分钟 after"] for code, row in sheet.items()}
    assert layer.workload_min.to_dict() == pytest.approx(minutes)
    assert grids_by_file(houses, load) == houses.grid.tolist()

    # The page of the draft.
    with transaction(town) as session:
        plan = plan_named(session, township(session).id, "2023")
    page = client_of(town, "planner").get(f"/plan/{plan.id}/view.json").json
    shown = max(abs(g["deviation"]) for g in page["grids"])
    assert shown == pytest.approx(by_sheet, abs=1e-9)

    # Who moves: the run's own list, the hand-over of the draft, and the store.
    before = houses_of(town, "2022")
    moved = houses[houses.grid != before.grid]
    listed = [row[0] for row in book["房屋 houses"].iter_rows(min_row=2, values_only=True)]
    assert sorted(listed) == sorted(moved.code)
    file = tmp_path / "handover.xlsx"
    assert gisgrid(town, "plan", "handover", "2023", str(file)).exit_code == 0
    sheets = openpyxl.load_workbook(file, read_only=True)
    *teams, total = sheets["汇总 totals"].iter_rows(min_row=2, values_only=True)
    assert total[2:4] == (len(moved), int(moved.households.sum()))
    assert np.sum([row[2:4] for row in teams], axis=0).tolist() == list(total[2:4])
    assert np.sum([row[5:7] for row in teams], axis=0).tolist() == list(total[5:7])
    assert f"{len(moved)} of {len(houses)} houses move" in said.output


def test_a_scenario_is_weighed_as_it_was_made_in_the_editor_too(town: Engine):
    made = gisgrid(town, "balance", "--straight", "--far", "--commit", "--name", "直线")
    headline = float(re.search(r"largest deviation ([\d.]+)%", made.output)[1])
    with transaction(town) as session:
        place = township(session)
        editor = scenarios.scenario_editor(session, place, plan_named(session, place.id, "直线"))
    assert editor.walk.streets is None
    page = client_of(town, "planner").get(f"/plan/{plan_id(town, '直线')}/view.json").json
    assert 100 * max(abs(g["deviation"]) for g in page["grids"]) == pytest.approx(
        headline, abs=0.005
    )


def plan_id(engine: Engine, name: str) -> int:
    with transaction(engine, read_only=True) as session:
        return plan_named(session, township(session).id, name).id
