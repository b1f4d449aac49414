"""Every defect that planted.json lists is really in the messy edition of Town F."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

from gisgrid.core.datums import gcj02_to_wgs84
from tests.support.town_files import (
    DATA,
    METRES,
    TABLES,
    check_digit,
    ground,
    leaders_by_day,
    metric,
    points,
    shapes,
    table,
)

DAMAGED = ("houses", "households", "residents", "staff", "matters", "events")
"""Tables of which the messy edition has its own."""


# One check per kind of defect; a kind without a check fails.

Row = dict[str, str]


def planted(folder: Path) -> list[dict[str, Any]]:
    plants: list[dict[str, Any]] = json.loads((folder / "planted.json").read_text("utf-8"))
    return plants


def is_date(text: str) -> bool:
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def ruined_code(row: Row, column: str) -> bool:
    return row[column].endswith("000")


CHECKS: dict[str, Callable[[Row, str], bool]] = {
    "missing": lambda r, c: r[c] == "",
    "unlocated": lambda r, c: r["lon"] == r["lat"] == "",
    "half_place": lambda r, c: (r["lon"] == "") != (r["lat"] == ""),
    "zero_place": lambda r, c: float(r["lon"]) == float(r["lat"]) == 0,
    "zero_address": lambda r, c: r["address"] == "(0, 0)",
    "lonlat_range": lambda r, c: abs(float(r["lat"])) > 90,
    "swapped": lambda r, c: float(r["lon"]) < 60 < float(r["lat"]),
    "far": lambda r, c: abs(float(r["lon"]) - 120.9) + abs(float(r["lat"]) - 40.7) > 0.4,
    "code_exponent": lambda r, c: "E+" in r[c],
    "code_zeros": ruined_code,
    "code_short": lambda r, c: r[c] == r[c].lstrip("0") and len(r[c]) in (3, 11, 14),
    "full_width": lambda r, c: any("０" <= ch <= "９" for ch in r[c]),
    "lower_case_x": lambda r, c: r[c][-1] == "x" and check_digit(r[c][:17]) == "X",
    "id_check": lambda r, c: check_digit(r[c][:17]) != r[c][17],
    "id_length": lambda r, c: len(r[c]) == 17,
    "id_birth": lambda r, c: r[c][6:14] == "19540230" and check_digit(r[c][:17]) == r[c][17],
    "id_mismatch": lambda r, c: r[c][6:14] != r["birth_date"].replace("-", ""),
    "phone": lambda r, c: len(r[c]) != 11,
    "not_a_choice": lambda r, c: r[c] in {"x", "living_alone;rich", "督导员", "个月", "临时", "城市群"},
    "not_a_number": lambda r, c: not r[c].replace(".", "").isascii(),
    "negative": lambda r, c: float(r[c]) < 0,
    "date": lambda r, c: not is_date(r[c]),
    "time": lambda r, c: not is_date(r[c]),
    "date_range": lambda r, c: r[c] < "1850",
    "until_first": lambda r, c: r["until"] < r["since"],
    "closed_first": lambda r, c: r["closed_at"] < r["reported_at"],
}  # fmt: skip


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))


@pytest.mark.thorough
def test_every_defect_of_the_tables_stands_in_its_row(messy: Path) -> None:
    known = {
        "unknown_house": ("houses", "house"),
        "unknown_household": ("households", "household"),
        "unknown_matter": ("matters", "matter"),
        "unknown_parent": ("matters", "parent"),
    }
    codes = {name: set(table(name)["code"]) for name in DAMAGED}
    communities, grids = set(shapes("areas")["code"]), set(shapes("grids")["code"])
    for plant in planted(messy):
        if plant["row"] is None or not plant["file"].endswith(".csv"):
            continue
        lines = rows_of(messy / plant["file"])
        cells = lines[plant["row"] - 1]
        row, column, defect = (
            dict(zip(lines[0], cells, strict=False)),
            plant["column"],
            plant["defect"],
        )
        assert row["code"] == plant["code"]
        if defect in known:
            name, reference = known[defect]
            assert row[reference] not in codes[name]
        elif defect == "unknown_community":
            assert row[column] not in communities
        elif defect == "unknown_grid":
            assert row[column] not in grids
        elif defect == "row_twice":
            assert lines.count(cells) == 2
        elif defect == "code_twice":
            assert sum(line[0] == row["code"] for line in lines) == 2
            assert lines.count(cells) == 1
        elif defect == "too_many_cells":
            assert len(cells) == len(lines[0]) + 1
        elif defect == "placeholder":
            spot = [(line[-2], line[-1]) for line in lines].count((row["lon"], row["lat"]))
            assert spot >= 40
        elif defect == "second_leader":
            assert max(leaders_by_day(table("staff", messy), row["grid"]).values()) > 1
        elif defect == "house_in_no_grid":
            whole = shapes("grids", messy)
            whole = whole[~whole["geometry"].isna()]
            here = shapely.Point(float(row["lon"]), float(row["lat"]))
            inside = shapely.intersects(ground(whole), here)
            assert not inside.any()
        else:
            assert CHECKS[defect](row, column), plant


def test_good_rows_stay_in_the_messy_tables(messy: Path) -> None:
    for name in set(DAMAGED) - {"staff"}:
        clean = (DATA / TABLES[name]).read_text("utf-8").splitlines()
        assert (messy / TABLES[name]).read_text("utf-8").splitlines()[: len(clean)] == clean


def test_a_grid_without_leader_and_one_with_the_leader_only(messy: Path) -> None:
    staff = table("staff", messy)
    plants = {p["defect"]: p["code"] for p in planted(messy) if p["file"] == TABLES["staff"]}
    assert "leader" not in set(staff["role"][staff["grid"] == plants["no_leader"]])
    assert set(staff["role"][staff["grid"] == plants["leader_only"]]) == {"leader"}


def test_every_defect_of_the_grids_is_in_the_ground(messy: Path) -> None:
    clean, grids = shapes("grids").set_index("code"), shapes("grids", messy)
    town = metric(shapes("areas")["geometry"][1])
    plants = {
        p["defect"]: p["row"] - 2 for p in planted(messy) if p["file"] == "boundaries/grids.geojson"
    }
    first_bad = min(row for row in plants.values() if row > len(clean))
    good = [metric(shapely.make_valid(g)) for g in grids["geometry"][:first_bad]]

    def shape(defect: str) -> Any:
        return grids["geometry"][plants[defect]]

    def lost_m2(defect: str) -> float:
        row = plants[defect]
        before = metric(clean["geometry"][grids["code"][row]])
        return float(before.difference(shapely.union_all(good)).area)

    assert 50 < lost_m2("gap") < 5000
    assert 0.5 < lost_m2("sliver") < 50
    assert 50 < lost_m2("gap_with_house") < 150
    gaps = shapely.get_parts(town.difference(shapely.union_all(good)))
    assert sum(g.area > 0.5 for g in gaps) == 3
    overlapping = {
        frozenset((a, b))
        for a, b in shapely.STRtree(good).query(good, predicate="intersects").T.tolist()
        if a != b and good[a].intersection(good[b]).area > 0.5
    }
    assert all(plants["overlap"] in pair for pair in overlapping)
    assert overlapping

    assert shape("multipart").geom_type == "MultiPolygon"
    crossing = plants["crosses_communities"]
    home = shapes("areas").set_index("code")["geometry"][grids["community"][crossing]]
    assert metric(shape("crosses_communities")).difference(metric(home)).area > 100
    assert not shape("geometry_repaired").is_valid
    repaired = metric(shapely.make_valid(shape("geometry_repaired")))
    as_before = metric(clean["geometry"][grids["code"][plants["geometry_repaired"]]])
    assert repaired.symmetric_difference(as_before).area < 0.01
    assert not shape("geometry_invalid").is_valid
    assert shape("geometry_none") is None
    assert shape("geometry_empty").is_empty
    assert shape("geometry_type").geom_type == "LineString"
    assert shape("swapped").centroid.x < 60 < shape("swapped").centroid.y
    assert metric(shape("far")).distance(town) > 50_000
    assert not shapely.intersects(shape("empty_grid"), points(table("houses"))).any()
    assert grids["host"][plants["no_host"]] == ""
    assert grids["kind"][plants["no_host"]] == "exclusive"
    for defect in ("code_exponent", "code_short", "code_zeros", "missing", "not_a_choice"):
        column = {"missing": "code", "not_a_choice": "kind"}.get(defect, "code")
        assert CHECKS[defect](dict(grids.iloc[plants[defect]].astype(str)), column)
    assert grids["community"][plants["unknown_community"]] not in set(shapes("areas")["code"])
    for defect in ("code_twice", "row_twice"):
        twins = grids[grids["code"] == grids["code"][plants[defect]]]
        same = twins["geometry"].iloc[0].equals(shape(defect))
        assert same == (defect == "row_twice")


def test_areas_and_streets_hold_their_defects(messy: Path) -> None:
    frames = {n: shapes(n, messy) for n in ("areas", "streets")}
    for plant in planted(messy):
        name = Path(plant["file"]).stem
        if name not in frames:
            continue
        frame, row = frames[name], plant["row"] - 2
        assert frame["code"][row] == plant["code"]
        if plant["defect"] == "unknown_parent":
            assert frame["parent"][row] not in set(frame["code"])
        elif plant["defect"] == "geometry_invalid":
            assert not frame["geometry"][row].is_valid
        elif plant["defect"] == "geometry_type":
            assert frame["geometry"][row].geom_type == "Point"
        elif plant["defect"] == "code_twice":
            assert (frame["code"] == plant["code"]).sum() == 2
        else:
            assert CHECKS[plant["defect"]](dict(frame.iloc[row].astype(str)), plant["column"])


def test_the_shifted_file_is_the_clean_one_in_gcj02(messy: Path) -> None:
    shifted = pd.read_csv(messy / "register/houses_gcj02.csv", dtype={"code": str})
    clean = table("houses")
    lonlat = clean[["lon", "lat"]].astype(float).to_numpy()
    shift_m = np.hypot(*((shifted[["lon", "lat"]].to_numpy() - lonlat) * METRES).T)
    assert 450 < shift_m.min() <= shift_m.max() < 480
    back = np.column_stack(gcj02_to_wgs84(shifted["lon"], shifted["lat"]))
    assert np.abs(back - lonlat).max() < 2e-7


def test_files_of_one_encoding_or_format_say_the_same(messy: Path) -> None:
    folder = messy / "register"
    bom = (folder / "houses_bom.csv").read_bytes()
    assert bom.startswith(b"\xef\xbb\xbf")
    text = bom.decode("utf-8-sig")
    assert (folder / "houses_gbk.csv").read_bytes().decode("gbk") == text
    traditional = (folder / "houses_big5.csv").read_bytes().decode("big5")
    assert traditional.splitlines()[0] == "房屋編碼,地址,社區,經度,緯度"
    assert len(traditional) == len(text)
    tsv = gzip.decompress((folder / "houses.tsv.gz").read_bytes()).decode()
    assert tsv.replace("\t", ",") == text
    rows = list(openpyxl.load_workbook(folder / "houses_excel.xlsx").active.values)
    codes = [r[0] for r in csv.reader(io.StringIO(text))][1:]
    assert len(rows) == len(codes) + 1
    # 17 digits do not fit a number: some codes come back changed.
    assert any(f"{int(row[0])}" != code for row, code in zip(rows[1:], codes, strict=True))
