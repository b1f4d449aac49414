"""Tables as people send them: titles, totals, two headers, days of either order, texts that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core import crs
from gisgrid.core.errors import Invalid
from gisgrid.files.read import open_table
from gisgrid.loading.load import LoadReport
from tests.support.sent_files import CELLS, X, Y, book, houses, spots, town_of_two_grids, write
from tests.support.sketch import spot
from tests.support.town_f import load_kind


@pytest.fixture
def place(session: Session) -> Session:
    return town_of_two_grids(session)


def test_rows_and_sheets_out_of_sight_are_told(place: Session, tmp_path: Path):
    path = tmp_path / "h.xlsx"
    made = book(
        path, ["编码", "地址", "经度", "纬度"], *[[f"H{n}", f"虚构路{n}号", X, Y] for n in range(4)]
    )
    made.worksheets[0].row_dimensions[3].hidden = True
    made.create_sheet("字典").append(["社区", "编码"])
    made["字典"].append(["甲", "1"])
    made["字典"].sheet_state = "hidden"
    made.save(path)
    report = houses(place, path)
    assert report.inserted == 4, "what is hidden is there"
    assert report.decided["hidden"] == "1 hidden rows (3); hidden sheets: 字典"
    kept = place.scalar(text("SELECT decided FROM import_run"))
    assert kept == report.decided
    assert kept["coordinates"] == "wgs84 (declared)"


def test_a_formula_without_its_result_is_no_empty_cell(place: Session, tmp_path: Path):
    path = tmp_path / "h.xlsx"
    book(path, ["编码", "地址", "备注"], ["H1", '="虚构路"&1', "=1+1"])
    with pytest.raises(Invalid, match="results it does not keep, in 地址:"):
        houses(place, path, None)
    book(path, ["编码", "地址", "备注"], ["H1", "虚构路1号", "=1+1"])
    assert houses(place, path, None).inserted == 1, (
        "a column that nobody asks for may hold anything"
    )


@pytest.mark.parametrize(
    "word", ["合计", "总 计：", "小计", "Total", "填表人：测某", "备注：以上为估算", "合计 "]
)
def test_a_sum_is_no_house(place: Session, tmp_path: Path, word: str):
    path = write(
        tmp_path / "h.csv", "编码,地址", "H1,虚构路1号", f"{word},2户", "合计路1,虚构路2号"
    )
    report = houses(place, path, None)
    assert dict(report.rejected.by_row()) == {3: [("total", "code")]}
    assert report.inserted == 2


@pytest.mark.parametrize("cell", ["#N/A", "#ref!", " #DIV/0! ", "#SPILL!"])
def test_an_error_of_the_spreadsheet_is_the_one_reason(place: Session, tmp_path: Path, cell: str):
    path = tmp_path / "h.xlsx"
    book(
        path,
        ["编码", "地址", "经度", "纬度", "备注"],
        ["H1", "虚构路1号", cell, Y, cell],
        ["H2", "#12 Main", X, Y, cell],
    )
    report = houses(place, path)
    assert dict(report.rejected.by_row()) == {2: [("error_cell", "lon")]}
    assert report.inserted == 1


def test_a_header_of_two_rows_and_a_title_of_two_cells(place: Session, tmp_path: Path):
    path = write(
        tmp_path / "h.csv", "单位：,虚构街道,,", "编码,地址,位置,", ",,经度,纬度", f"H1,虚构路1号,{X},{Y}",
    )  # fmt: skip
    report = houses(place, path)
    assert (report.inserted, report.decided["header"]) == (1, "rows 2–3")
    # Rows are numbered as a person sees them.
    bad = write(tmp_path / "b.csv", "房屋登记表,,,", "编码,地址,经度,纬度", f"H2,虚构路2号,{Y},{X}")
    assert [row for row, _ in houses(place, bad).rejected.by_row()] == [3]
    # A first row of values below a header with an empty cell is no header.
    plain = write(tmp_path / "p.csv", "编码,地址,", "H3,,虚构路", "H4,虚构路4号,")
    assert open_table(plain).columns == ("编码", "地址")


@pytest.mark.parametrize("mark", ["\u200b", "\ufeff", "\u2060", "\u200e", "\u00a0", "\u3000"])
def test_no_second_house_by_what_cannot_be_seen(place: Session, tmp_path: Path, mark: str):
    houses(place, write(tmp_path / "h.csv", "编码,地址", "H1,石桥路1号"), None)
    odd = write(
        tmp_path / "o.csv", f"{mark}编码,地址{mark}", f"{mark}H1{mark},{mark}⽯桥路1号{mark}"
    )
    report = houses(place, odd, None)
    assert (report.inserted, report.updated, report.unchanged) == (0, 0, 1)


def test_semicolons_and_decimal_commas(place: Session, tmp_path: Path):
    comma = [str(v).replace(".", ",") for v in (X, Y)]
    path = write(tmp_path / "h.csv", "编码;地址;经度;纬度", f"H1;虚构路1号;{comma[0]};{comma[1]}")
    report = houses(place, path)
    assert spots(place) == {"H1": (X, Y)}
    assert report.decided["decimal mark"] == "comma" and report.decided["delimiter"] == "semicolon"
    quoted = write(
        tmp_path / "q.csv", "编码,地址,经度,纬度", f'H2,虚构路2号,"{comma[0]}","{comma[1]}"'
    )
    houses(place, quoted)
    assert spots(place)["H2"] == (X, Y)
    # Thousands stay thousands.
    east, north = crs.points_to_metric([X], [Y], 4549)
    metres = write(
        tmp_path / "m.csv", "编码,地址,x,y", f'H3,虚构路3号,"{east[0]:,.3f}","{north[0]:,.3f}"',
    )  # fmt: skip
    assert houses(place, metres, "EPSG:4549").inserted == 1
    assert spots(place)["H3"] == pytest.approx((X, Y), abs=1e-7)


def events(session: Session, folder: Path, *days: str, closed: tuple[str, ...] = ()) -> LoadReport:
    ends = closed or ("",) * len(days)
    lines = [f"E{n},路灯,{day},{end}" for n, (day, end) in enumerate(zip(days, ends, strict=True))]
    return load_kind(
        session, "events", write(folder / "e.csv", "编号,事项,上报时间,办结时间", *lines)
    )


def days(session: Session) -> list[str]:
    return list(session.scalars(text("SELECT (reported_at AT TIME ZONE 'Asia/Shanghai')::date::text FROM event ORDER BY code")))  # fmt: skip


def test_one_cell_decides_for_its_column(place: Session, tmp_path: Path):
    report = events(place, tmp_path, "03/08/2023 09:00", "04/08/2023", "2023-08-05", "13/07/2023")
    assert days(place) == ["2023-08-03", "2023-08-04", "2023-08-05", "2023-07-13"]
    assert report.decided["dates"] == "上报时间 day first (13/07/2023)"
    assert "date_order" not in report.noted.counts()


def test_a_column_that_shows_nothing_goes_with_the_others(place: Session, tmp_path: Path):
    report = events(
        place, tmp_path, "03/08/2023", "05/08/2023", closed=("14/08/2023", "05/09/2023")
    )
    assert days(place) == ["2023-08-03", "2023-08-05"]
    assert "办结时间 day first (14/08/2023)" in report.decided["dates"]


def test_months_come_first_where_a_cell_shows_it_or_nothing_does(place: Session, tmp_path: Path):
    report = events(place, tmp_path, "08/03/2023", "07/13/2023")
    assert (days(place), report.noted.counts()) == (["2023-08-03", "2023-07-13"], {"unlocated": 1})
    report = events(place, tmp_path, "08/03/2023 09:00:00 AM", "07/05/2023 01:00:00 PM")
    assert report.noted.counts()["date_order"] == 1, "once, at the header"
    assert ("date_order", "reported_at") in dict(report.noted.by_row())[1]


def test_a_column_of_two_orders_is_refused_whole(place: Session, tmp_path: Path):
    with pytest.raises(Invalid, match="two orders: 13/07/2023 and 07/14/2023"):
        events(place, tmp_path, "13/07/2023", "07/14/2023")
    assert place.scalar(text("SELECT count(*) FROM event")) == 0


def test_points_between_numbers_are_day_first_always(place: Session, tmp_path: Path):
    events(place, tmp_path, "03.08.2023", "13.07.2023 09:00")
    assert days(place) == ["2023-08-03", "2023-07-13"]


def test_the_whole_file_is_looked_at_and_not_its_beginning(
    place: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    real = open_table(write(tmp_path / "x.csv", "a", "1")).__class__.chunks
    monkeypatch.setattr("gisgrid.files.read.Table.chunks", lambda self, rows=2: real(self, rows))
    events(place, tmp_path, *["03/08/2023"] * 5, "13/07/2023")
    assert days(place)[0] == "2023-08-03"


@pytest.mark.parametrize("wrong", ["latin-1", "cp1252"])
def test_garbled_chinese_is_refused(place: Session, tmp_path: Path, wrong: str):
    garbled = "石桥社区测试路".encode("gb18030").decode(wrong, "replace")
    path = write(tmp_path / "h.csv", "编码,地址", f"H1,{garbled}", "H2,Café 路", "H3,虚构路3号")
    report = houses(place, path, None)
    assert report.rejected.counts() == {"garbled": 1}
    place.execute(text("UPDATE township SET time_zone = 'Europe/Zurich'"))
    assert (
        houses(place, write(tmp_path / "z.csv", "code,address", "Z1,Höößlistraße 1"), None).inserted
        == 1
    )


def test_what_would_compute_is_told_and_kept_as_it_is(place: Session, tmp_path: Path):
    odd = ["=1+1", "＝HYPERLINK(1)", "@SUM(A1)", "-路", "'=1+1"]
    path = write(
        tmp_path / "h.csv", "编码,地址", *[f"H{n},{o}" for n, o in enumerate(odd)], "H9,-12"
    )
    report = houses(place, path, None)
    assert [row for row, _ in report.noted.by_row()] == [1, 2, 3, 4, 5, 6]
    kept = place.scalars(text("SELECT address FROM house ORDER BY code")).all()
    assert list(kept) == ["=1+1", "＝HYPERLINK(1)", "@SUM(A1)", "-路", "=1+1", "-12"]


def test_a_file_over_another_reading_tells_the_shift(place: Session, tmp_path: Path):
    rows = [spot(0.2 + n / 10, 0.5) for n in range(16)]
    frame = gpd.GeoDataFrame(
        {"code": [f"H{n}" for n in range(16)], "address": [f"虚构路{n}号" for n in range(16)]},
        geometry=[shapely.Point(p) for p in rows], crs=4326,
    )  # fmt: skip
    frame.to_file(tmp_path / "h.geojson", driver="GeoJSON")
    report = houses(place, tmp_path / "h.geojson", "gcj02", trust_crs=True)
    told = report.decided["coordinates"]
    assert told.startswith("gcj02 (declared); the file itself says EPSG:4326, ")
    metres = float(told.split("EPSG:4326, ")[1].split(" m")[0])
    assert 300 < metres < 700
    # The cells are 84 by 111 metres: all of them leave theirs.
    assert told.endswith("m away: 16 of 16 houses would have another grid")
    same = houses(place, tmp_path / "h.geojson", "cgcs2000", trust_crs=True)
    assert same.decided["coordinates"] == "cgcs2000 (declared)"


def test_grids_over_another_reading_tell_how_many_houses_change(place: Session, tmp_path: Path):
    lines = [f"H{n},虚构路{n}号,{spot(0.2 + n / 10, 0.5)[0]},{Y}" for n in range(16)]
    houses(place, write(tmp_path / "h.csv", "编码,地址,经度,纬度", *lines))
    features = [
        {
            "type": "Feature",
            "properties": {"code": c},
            "geometry": json.loads(shapely.to_geojson(g)),
        }
        for c, g in CELLS.items()
    ]
    path = tmp_path / "g.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    report = load_kind(place, "grids", path, crs="bd09", plan="草案")
    assert report.decided["coordinates"].endswith("16 of 16 houses would have another grid")


def test_the_terminal_tells_what_was_decided_in_one_block(
    place: Session, tmp_path: Path, capsys: Any
):
    from gisgrid.cli.loading import print_report

    path = write(
        tmp_path / "h.csv",
        "sep=;",
        "编码;地址;经度;纬度",
        f"H1;虚构路1号;{str(X).replace('.', ',')};{str(Y).replace('.', ',')}",
        encoding="gb18030",
    )
    print_report(houses(place, path), commit=False)
    shown = capsys.readouterr().out
    block = shown[shown.index("read as:") :].splitlines()[1:]
    assert [line.strip().split(":")[0] for line in block[:5]] == ["encoding", "delimiter", "header", "decimal mark", "coordinates"]  # fmt: skip
