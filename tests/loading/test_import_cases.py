"""Files as people send them, each standing for its kind: garbled, in folders, with titles, twice the same code."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid
from gisgrid.loading.load import LoadReport
from tests.support.town_f import load_kind
from tests.support.web import app_over

pytestmark = pytest.mark.cases

CASES = Path(os.environ.get("GISGRID_IMPORT_CASES", ""))
HOUSES = {
    f"9999010012019900{n}": (f"石桥社区测试路90{n}号", x, y)
    for n, (x, y) in enumerate(
        [(120.8894269, 40.7031652), (120.8897185, 40.7031789), (120.89, 40.70319)], start=1
    )
}

GRID = "999901001201004"


def load(session: Session, kind: str, path: str | Path, **details: Any) -> LoadReport:
    if kind == "grids":
        details = {"plan": "草案"} | details
    return load_kind(session, kind, CASES / path, **details)


def houses(session: Session) -> dict[str, tuple[str, float, float]]:
    return {
        row.code: (row.address, row.lon, row.lat)
        for row in session.execute(
            text(
                "SELECT code, address, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM house "
                "WHERE code LIKE '999901001201990%' ORDER BY code"
            )
        )
    }


def grids_of(session: Session, kind: str, table: str = "house") -> list[str]:
    return list(
        session.scalars(
            text(
                f"SELECT DISTINCT g.code FROM {table}_grid a JOIN grid g ON g.id = a.grid_id "
                f"JOIN plan p ON p.id = a.plan_id AND p.state = 'published' "
                f"JOIN {table} o ON o.id = a.{table}_id WHERE o.code LIKE :kind"
            ),
            {"kind": kind},
        )
    )


def three_houses(session: Session, report: LoadReport) -> None:
    assert (report.inserted, report.rejected.counts()) == (3, {})
    assert houses(session) == HOUSES
    assert grids_of(session, "999901001201990%") == [GRID]


def three_grids(session: Session, report: LoadReport, *, exact: bool = True) -> None:
    """What came in is what the plan in force has."""
    assert (report.inserted, report.rejected.counts()) == (3, {})
    rows = session.execute(
        text(
            "SELECT n.code, ST_AsBinary(n.geom) AS new, ST_AsBinary(o.geom) AS old, "
            "(n.name, n.kind, n.community_id) = (o.name, o.kind, o.community_id) AS same "
            "FROM grid n JOIN plan p ON p.id = n.plan_id AND p.name = '草案' "
            "JOIN grid o ON o.code = n.code AND o.plan_id = p.based_on_id ORDER BY n.code"
        )
    ).all()
    assert [row.code for row in rows] == [f"99990100120100{n}" for n in (1, 2, 3)]
    for row in rows:
        assert row.same, row.code
        new, old = shapely.from_wkb([bytes(row.new), bytes(row.old)])
        apart = shapely.symmetric_difference(new, old).area / old.area
        assert apart == 0 if exact else apart < 1e-3, (row.code, apart)


def test_01_a_zipped_shapefile_without_a_code_page_reads_as_the_unzipped_one(town: Session):
    for path in ("01-shp-zip-gbk-no-cpg/houses.zip", "01-shp-zip-gbk-no-cpg/plain/houses.shp"):
        with town.begin_nested() as nested:
            report = load(town, "houses", path)
            three_houses(town, report)
            assert report.decided["encoding"].startswith("gb18030")
            nested.rollback()


@pytest.mark.parametrize("said", ["GBK", "OEM", "UTF-8"])
def test_02_a_code_page_file_is_believed_where_it_fits(town: Session, said: str):
    report = load(town, "houses", f"02-shp-cpg-variants/{said}/houses.shp")
    three_houses(town, report)
    told = report.decided["encoding"]
    assert told.startswith("gb18030")
    assert (said == "GBK") == ("does not fit" not in told and "says nothing" not in told)


def test_03_a_shapefile_in_pieces_says_what_is_missing(town: Session, tmp_path: Path):
    with pytest.raises(
        Invalid, match=r"lacks its \.shx and \.dbf: send all parts, or a zip"
    ) as bad:
        load(town, "houses", "03-shp-alone/only_shp.shp")
    assert "缺少 .shx 和 .dbf" in bad.value.in_language("zh")


@pytest.mark.parametrize("name", ["town.gdb.zip", "town.zip", "town.gdb"])
def test_04_a_file_geodatabase_is_a_folder_or_any_zip_of_it(
    town: Session, tmp_path: Path, name: str
):
    path = CASES / "04-filegdb" / name
    if name == "town.gdb":
        shutil.unpack_archive(CASES / "04-filegdb/town.zip", tmp_path, "zip")
        path = tmp_path / name
    three_grids(town, load(town, "grids", path), exact=False)


@pytest.mark.parametrize("name", ["grids.tab", "gmif.mif"])
def test_05_a_mapinfo_table_is_no_tab_separated_text(town: Session, name: str):
    three_grids(town, load(town, "grids", f"05-mapinfo-tab/{name}"), exact=False)


def test_06_a_table_of_styles_is_no_layer(town: Session):
    report = load(town, "grids", "06-gpkg-layer-styles/grids.gpkg")
    three_grids(town, report)
    assert report.decided["layer"] == "grids"


def test_10_a_column_of_wkt_is_geometry(town: Session):
    three_grids(town, load(town, "grids", "10-csv-wkt/grids_wkt.csv", crs="wgs84"))
    report = load(town, "houses", "10-csv-wkt/houses_wkt.csv", crs="wgs84")
    three_houses(town, report)
    assert "WKT" in report.decided["geometry"]


def test_11_both_coordinates_in_one_cell_are_a_point(town: Session):
    three_houses(town, load(town, "houses", "11-lonlat-one-cell/houses_jingweidu.csv", crs="wgs84"))
    report = load(town, "events", "11-lonlat-one-cell/events_jingweidu.xlsx", crs="wgs84")
    assert (report.inserted, report.rejected.counts()) == (3, {})
    assert grids_of(town, "EV9_", "event") == [GRID]
    found = town.execute(text("SELECT ST_X(geom), ST_Y(geom) FROM event WHERE code LIKE 'EV9_' ORDER BY code")).all()  # fmt: skip
    assert [tuple(row) for row in found] == [(x, y) for _, x, y in HOUSES.values()]


def test_13_a_column_of_days_has_one_order(town: Session):
    report = load(town, "events", "13-day-month/events_dmy.csv", crs="wgs84")
    assert (report.inserted, report.rejected.counts()) == (3, {})
    days = town.scalars(text("SELECT (reported_at AT TIME ZONE 'Asia/Shanghai')::text FROM event WHERE code LIKE 'EV13_' ORDER BY code")).all()  # fmt: skip
    assert list(days) == ["2023-07-13 09:00:00", "2023-08-03 09:00:00", "2023-07-25 10:00:00"]
    assert "day first" in report.decided["dates"]


def test_15_forms_have_two_headers_hidden_lists_and_a_total(town: Session):
    for name in ("two_row_header.xlsx", "hidden_list_sheet.xlsx", "total_row.xlsx"):
        with town.begin_nested() as nested:
            report = load(town, "houses", f"15-form-headers/{name}", crs="wgs84")
            assert report.inserted == 3, name
            assert houses(town) == HOUSES, name
            told = report.decided
            match name:
                case "two_row_header.xlsx":
                    assert told["header"] == "rows 2–3"
                case "hidden_list_sheet.xlsx":
                    assert told["layer"] == "房屋" and "字典" in told["hidden"]
                case _:
                    reasons = dict(report.rejected.by_row())
                    assert reasons[5] == [("total", "code")]
                    assert ("total", "code") in reasons[6]
            nested.rollback()


def test_16_error_cells_are_refused(town: Session):
    report = load(town, "houses", "16-formulas/errors.csv", crs="wgs84")
    assert report.inserted == 0
    assert report.rejected.counts() == {"error_cell": 3}
    assert [dict(report.rejected.by_row())[n][0][1] for n in (2, 3, 4)] == [
        "address",
        "address",
        "code",
    ]


def test_17_a_strict_workbook_is_told_from_an_empty_one(town: Session):
    with pytest.raises(Invalid, match="Strict Open XML") as caught:
        load(town, "houses", "17-strict-xlsx/strict.xlsx", crs="wgs84")
    assert "Strict" in caught.value.in_language("zh")


def test_18_titles_and_a_separator_line_stand_above_the_header(town: Session):
    for name, header in (("sep_line.csv", "row 2"), ("title_lines.csv", "row 3")):
        with town.begin_nested() as nested:
            report = load(town, "houses", f"18-csv-preamble/{name}", crs="wgs84")
            three_houses(town, report)
            assert report.decided["header"] == header
            nested.rollback()


@pytest.mark.parametrize(
    ("name", "refused", "noted"),
    [
        ("collection", {"geometry_type": 1}, {}),
        ("duplicate_vertices", {}, {}),
        ("nested_shell", {"geometry_invalid": 1}, {}),
        ("spike", {}, {"geometry_repaired": 1}),
        ("two_features_one_code", {"code_twice": 1}, {}),
        ("unclosed", {}, {"ring_closed": 1}),
        ("wrong_ring_order", {}, {}),
        ("zm", {}, {}),
    ],
)
def test_20_odd_polygons(town: Session, name: str, refused: dict[str, int], noted: dict[str, int]):
    report = load(town, "grids", f"20-odd-polygons/{name}.geojson")
    assert (report.rejected.counts(), report.noted.counts()) == (refused, noted)
    assert report.inserted == report.read - len(report.rejected.rows())


def test_27_what_cannot_be_seen_makes_no_second_code(town: Session):
    load(town, "houses", "01-shp-zip-gbk-no-cpg/houses.zip")
    report = load(town, "houses", "27-invisible-characters/houses_zwsp.csv", crs="wgs84")
    assert (report.inserted, report.rejected.counts()) == (0, {})
    assert houses(town) == HOUSES


@pytest.mark.parametrize("name", ["ascii_folder.zip", "gbk_names.zip", "with_readme.zip"])
def test_30_the_one_shapefile_of_a_zip_is_found(town: Session, name: str):
    three_houses(town, load(town, "houses", f"30-zip-names/{name}"))


def test_31_three_columns_change_three_columns(town: Session):
    rows = "SELECT to_jsonb(r) - 'run_id' - 'name' FROM resident r ORDER BY id"
    before = town.scalars(text(rows)).all()
    report = load(town, "residents", "31-partial-update-erases/residents_three_columns.csv")
    assert report.rejected.counts() == {}
    assert town.scalars(text(rows)).all() == before


def test_34_a_filled_workbook_keeps_its_merged_cells(town_engine: Engine):
    data = (CASES / "34-merged-cells-http-500/merged_beside_for_locate.xlsx").read_bytes()
    client = app_over(town_engine).test_client()
    answer = client.post("/api/v1/locate", data={"file": (io.BytesIO(data), "t.xlsx")})
    assert answer.status_code == 200, answer.text
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0]
    assert {r.coord for r in sheet.merged_cells.ranges} == {"A1:Z1", "D3:F4"}
    assert (sheet["D3"].value, sheet["G2"].value) == ("备注", "网格编码")
    assert str(sheet["G3"].value).startswith("999901001201")
