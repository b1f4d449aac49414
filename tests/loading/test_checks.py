import numpy as np
import pandas as pd
import pytest
import shapely

from gisgrid.core import datums
from gisgrid.core.codes import GB_DIGITS, check_digit
from gisgrid.core.crs import parse
from gisgrid.files.columns import KINDS, Mapping, resolve
from gisgrid.files.findings import REASONS, Findings
from gisgrid.files.frames import GEOMETRY, MORE_CELLS
from gisgrid.files.times import times
from gisgrid.loading.checks import Checker, Context
from gisgrid.loading.datum_check import detect
from tests.support.datums import wgs84_to_bd09

BOUNDS = (120.85, 40.68, 120.95, 40.73)
WGS84 = parse("wgs84")


def chunk(first_row=2, **columns):
    n = max(len(v) for v in columns.values())
    arrays = {}
    for name, values in columns.items():
        arrays[name] = np.empty(n, dtype=object)
        arrays[name][:] = values
    return pd.DataFrame(arrays, index=pd.RangeIndex(first_row, first_row + n), dtype=object)


def checked(kind, *chunks, mapping=None, **context):
    headers = [c for c in chunks[0].columns if c not in (GEOMETRY, MORE_CELLS)]
    has_geometry = GEOMETRY in chunks[0]
    checker = Checker(
        resolve(kind, headers, mapping, has_geometry=has_geometry),
        Context(declared=WGS84, **context),
    )
    found = [checker.check(c) for c in chunks]
    rejected, noted = Findings(), Findings()
    for one in found:
        rejected.extend(one.rejected.found)
        noted.extend(one.noted.found)
    return pd.concat([f.rows for f in found]), rejected, noted


def houses(first_row=2, **columns):
    n = max(len(v) for v in columns.values())
    given = {"code": [f"H{i}" for i in range(n)], "address": ["幸福路1号"] * n} | columns
    return chunk(first_row, **given)


def residents(**columns):
    n = max(len(v) for v in columns.values())
    given = {"code": [f"R{i}" for i in range(n)], "household": ["U1"] * n, "name": ["测试甲"] * n}
    return chunk(**(given | columns))


def reasons(findings):
    return {row: [code for code, _ in why] for row, why in findings.by_row()}


def test_every_reason_speaks_both_languages():
    for reason in REASONS.values():
        assert (
            reason.en.isascii()
            or "…" in reason.en
            or "“" in reason.en
            or "–" in reason.en
            or "�" in reason.en
        )
        assert any("\u4e00" <= c <= "\u9fff" for c in reason.in_language("zh"))


def test_good_houses_come_out_typed():
    rows, rejected, noted = checked(
        "houses",
        houses(lon=["120.9", None], lat=[" 40.7", None], community=["第一社区", None]),
        bounds=BOUNDS,
    )
    assert not rejected.found
    assert reasons(noted) == {3: ["unlocated"]}
    assert rows.loc[2].to_dict() == {
        "code": "H0", "address": "幸福路1号", "community": "第一社区", "lon": 120.9, "lat": 40.7,
        "source_x": 120.9, "source_y": 40.7, "location_status": "ok",
    }  # fmt: skip
    assert rows.loc[3, "location_status"] == "unlocated"
    assert np.isnan(rows.loc[3, "lon"])


def test_each_fault_of_a_place_is_told():
    rows, rejected, noted = checked(
        "houses",
        houses(
            lon=["40.7", "120.9", "x", "181", "121.9", "120.9", "0", "120.9"],
            lat=["120.9", None, "40.7", "95", "40.7", "40.7", "0", "40.7"],
            address=["a"] * 5 + ["（0，0）", "b", "12.0, 40.7"],
        ),
        bounds=BOUNDS,
    )
    assert reasons(rejected) == {
        2: ["swapped"], 3: ["half_place"], 4: ["not_a_number"], 5: ["lonlat_range"], 6: ["far"],
    }  # fmt: skip
    assert reasons(noted) == {7: ["placeholder"], 8: ["placeholder"]}
    assert rows["location_status"].tolist() == ["placeholder", "placeholder", "ok"]
    assert np.isnan(rows.loc[7, "lon"])
    assert rows.loc[7, "source_x"] == 120.9


def test_swapped_within_range_is_seen_by_the_bounds():
    _, rejected, _ = checked(
        "houses", houses(lon=["42.36"], lat=["-71.06"]), bounds=(-71.2, 42.2, -70.9, 42.5)
    )
    assert reasons(rejected) == {2: ["swapped"]}
    _, rejected, _ = checked("houses", houses(lon=["42.36"], lat=["-71.06"]))
    assert not rejected.found


def test_the_declared_datum_moves_the_points():
    x, y = datums.wgs84_to_gcj02(120.9, 40.7)
    checker = Checker(
        resolve("houses", ["code", "address", "lon", "lat"]),
        Context(declared=parse("gcj02"), bounds=BOUNDS),
    )
    rows = checker.check(houses(lon=[repr(float(x))], lat=[repr(float(y))])).rows
    assert rows.loc[2, ["lon", "lat"]].tolist() == pytest.approx([120.9, 40.7], abs=1e-12)
    assert rows.loc[2, "source_x"] == float(x)


@pytest.mark.parametrize(
    ("code", "why"),
    [("2.11402E+17", "code_exponent"), ("211402196202280000", "code_zeros"), (None, "missing"),
     ("12\ufffd", "mojibake")],
)  # fmt: skip
def test_ruined_codes_are_refused(code, why):
    _, rejected, _ = checked("houses", houses(code=["A1", code]))
    assert reasons(rejected) == {3: [why]}


def test_codes_of_a_scheme():
    _, rejected, _ = checked(
        "areas",
        chunk(
            code=["211402001001", "21140200100", "2114020010", "x11402001001"],
            level=["社区", "village", "区", "planet"], name=["a"] * 4,
            parent=["211402001000", None, None, "211402001000"],
            **{GEOMETRY: [shapely.box(120.9, 40.7, 120.91, 40.71)] * 4},
        ),
        code_digits=GB_DIGITS["areas"],
    )  # fmt: skip
    assert reasons(rejected) == {
        3: ["code_short", "missing"], 4: ["code_short"], 5: ["code_digits", "not_a_choice"],
    }  # fmt: skip


def test_a_column_written_as_numbers_is_repaired_and_told_once():
    rows, rejected, noted = checked(
        "houses", houses(code=["1.0", "20.0"]), houses(first_row=4, code=["3.0", "4"])
    )
    assert rows["code"].tolist() == ["1", "20", "3", "4"]
    assert reasons(noted)[1] == ["float_repaired", "unlocated"]
    assert not rejected.found


def test_a_real_point_zero_is_no_number():
    rows, _, _ = checked("houses", houses(code=["1.0", "1.1"]))
    assert rows["code"].tolist() == ["1.0", "1.1"]


def test_lost_leading_zeros_show_beside_the_others():
    codes = [f"{i:05d}" for i in range(9_000, 9_099)] + ["77"]
    _, rejected, _ = checked("houses", houses(code=codes))
    assert reasons(rejected) == {101: ["code_short"]}


def test_full_width_codes_become_plain():
    rows, _, _ = checked("houses", houses(code=["Ａ－１２", "'007"]))
    assert rows["code"].tolist() == ["A-12", "007"]


def test_lost_characters_are_told():
    rows, _, noted = checked("houses", houses(address=["糖?里1號", "why?"]))
    assert reasons(noted)[2] == ["mojibake_told"]
    assert 3 not in reasons(noted)
    assert len(rows) == 2


def test_shifted_rows_are_refused():
    _, rejected, _ = checked("houses", houses(address=["a", "b"], **{MORE_CELLS: [None, "x"]}))
    assert reasons(rejected) == {3: ["too_many_cells"]}


def _id(first):
    return first + check_digit(first)


def test_people():
    good = _id("21140219620228001")
    wrong = good[:17] + ("1" if good[17] != "1" else "2")
    rows, rejected, noted = checked(
        "residents",
        residents(
            citizen_id=[good.lower(), wrong, "211402196202280000", "2.1E+17", "123", _id("21140219620230001"), None, good],
            sex=["男", "女", None, None, None, None, "女性", "女"],
            phone=["139 0000 0000", None, None, None, None, None, "1.39E+10", "0429-2345678转12；13900000001"],
            birth_date=["1962年2月28日", None, None, None, None, None, "19620228", "1962/2/28"],
            needs=["独居、残疾", None, None, None, None, None, "飞行", "无"],
        ),
    )  # fmt: skip
    assert reasons(rejected) == {
        3: ["id_check"], 4: ["code_zeros"], 5: ["code_exponent"], 6: ["id_length"], 7: ["id_birth"],
        8: ["code_exponent", "not_a_choice"],
    }  # fmt: skip
    assert reasons(noted) == {9: ["id_mismatch"]}
    first = rows.loc[2]
    assert (first["citizen_id"], first["sex"], first["birth_date"]) == (good, "m", "1962-02-28")
    assert (first["needs"], rows.loc[9, "needs"]) == ("disabled;living_alone", "")


def test_events():
    rows, rejected, _ = checked(
        "events",
        chunk(
            code=list("abcde"), matter=["噪音"] * 5,
            reported_at=["20250805", "20250805", "2025-08-05 08:36", "", "1066-01-01"],
            reported_time=["83651", None, None, None, None],
            closed_at=["2025-08-06", None, "2025-08-05 08:35:59", None, None],
        ),
    )  # fmt: skip
    assert reasons(rejected) == {4: ["closed_first"], 5: ["missing"], 6: ["date_range"]}
    assert rows["reported_at"].tolist() == [
        pd.Timestamp("2025-08-05T00:36:51Z"), pd.Timestamp("2025-08-04T16:00Z"),
    ]  # fmt: skip
    assert rows["reported_at"].dtype == "datetime64[us, UTC]"


def test_staff_and_matters():
    _, rejected, _ = checked(
        "staff",
        chunk(code=["1", "2", "3"], name=["甲"] * 3, grid=["g", "g", None], role=["网格长", None, None],
              since=["2023-01-01", "2023-01-01", None], until=["2022-12-31", None, None]),
    )  # fmt: skip
    assert reasons(rejected) == {2: ["until_first"], 3: ["missing"]}
    rows, rejected, _ = checked(
        "matters",
        chunk(
            code=["1", "2", "3"],
            name=["x"] * 3,
            time_limit=["4", "0", None],
            limit_unit=["小时", "天", "天"],
        ),
    )
    assert reasons(rejected) == {3: ["negative"], 4: ["missing"]}
    assert rows.loc[2, ["time_limit", "limit_unit"]].tolist() == [4.0, "working_hours"]


def grids(*geometries):
    return chunk(code=[str(i) for i in range(len(geometries))], **{GEOMETRY: list(geometries)})


def test_polygons_are_repaired_only_where_that_is_certain():
    touching = shapely.Polygon(
        [(120.9, 40.7), (120.92, 40.7), (120.92, 40.72), (120.91, 40.7), (120.9, 40.72)]
    )
    bow_tie = shapely.Polygon([(120.9, 40.7), (120.92, 40.72), (120.92, 40.7), (120.9, 40.72)])
    rows, rejected, noted = checked(
        "grids",
        grids(
            shapely.box(120.9, 40.7, 120.91, 40.71), touching, bow_tie, None, shapely.Polygon(),
            shapely.Point(120.9, 40.7), shapely.box(40.7, 120.9, 40.71, 120.91),
            shapely.box(121.9, 40.7, 121.91, 40.71),
        ),
        bounds=BOUNDS,
    )  # fmt: skip
    assert reasons(noted) == {3: ["geometry_repaired"]}
    assert reasons(rejected) == {
        4: ["geometry_invalid"], 5: ["geometry_none"], 6: ["geometry_empty"], 7: ["geometry_type"],
        8: ["swapped"], 9: ["far"],
    }  # fmt: skip
    assert shapely.is_valid(rows[GEOMETRY].to_numpy()).all()
    assert set(shapely.get_type_id(rows[GEOMETRY].to_numpy())) == {6}
    assert rows[GEOMETRY][3].area == pytest.approx(touching.area)
    assert rows["kind"].tolist() == ["basic", "basic"]


def test_points_of_a_vector_file():
    table = houses(code=["a", "b", "c", "d"], **{GEOMETRY: [
        shapely.Point(120.9, 40.7), None, shapely.MultiPoint([(120.9, 40.7)]), shapely.LineString([(120.9, 40.7), (120.901, 40.7)])]})  # fmt: skip
    rows, rejected, _ = checked("houses", table, bounds=BOUNDS)
    assert reasons(rejected) == {5: ["geometry_type"]}
    assert rows["location_status"].tolist() == ["ok", "unlocated", "ok"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_chunk_of_any_kind_is_no_trouble(kind):
    names = [c.name for c in KINDS[kind].columns]
    columns = {name: [] for name in names} | {GEOMETRY: []}
    rows, rejected, noted = checked(kind, chunk(**columns))
    assert len(rows) == 0
    assert not rejected.found
    assert not noted.found


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2025-03-04", "2025-03-03T16:00"), ("2025-03-04 05:06", "2025-03-03T21:06"),
        ("2025-03-04T05:06:07Z", "2025-03-04T05:06:07"), ("2025-03-04 05:06+01:00", "2025-03-04T04:06"),
        ("03/04/2025 05:06:07 PM", "2025-03-04T09:06:07"), ("3/4/2025 12:06 AM", "2025-03-03T16:06"),
        ("2025年3月4日5时6分", "2025-03-03T21:06"), ("2025.3.4", "2025-03-03T16:00"),
        ("20250304050607", "2025-03-03T21:06:07"),
    ],
)  # fmt: skip
def test_spellings_of_a_time(text, utc):
    found, bad = times(np.array([text, None], dtype=object), zone="Asia/Shanghai")
    assert not bad.any()
    assert found[0] == np.datetime64(utc)
    assert np.isnat(found[1])


@pytest.mark.parametrize(
    "text", ["2025-02-30", "yesterday", "2025", "20251301", "13/13/2025", "2025-03-04 25:00"]
)
def test_what_is_no_time(text):
    assert times(np.array([text], dtype=object), zone="UTC")[1].all()


def test_a_format_of_the_sender():
    found, bad = times(
        np.array(["04.03.25 05h", "2025-03-04"], dtype=object), zone="UTC", form="%d.%m.%y %Hh"
    )
    assert not bad.any()
    assert found.tolist() == [pd.Timestamp("2025-03-04 05:00"), pd.Timestamp("2025-03-04")]


def test_the_hour_that_comes_twice_never_ends_before_it_begins():
    twice = np.array(["2015-11-01 01:30"], dtype=object)
    first, _ = times(twice, zone="America/New_York")
    second, _ = times(twice, zone="America/New_York", late=True)
    assert second[0] - first[0] == np.timedelta64(1, "h")


def scattered(n=400):
    rng = np.random.default_rng(5)
    return rng.uniform(120.86, 120.90, n), rng.uniform(40.69, 40.72, n)


def test_the_check_finds_the_datum_by_the_same_houses():
    lon, lat = scattered()
    x, y = datums.wgs84_to_gcj02(lon, lat)
    verdict = detect(x, y, WGS84, known_lon=lon, known_lat=lat)
    assert (verdict.doubtful, verdict.best) == (True, "gcj02")
    assert 400 < verdict.shift_m < 520
    assert not detect(x, y, parse("gcj02"), known_lon=lon, known_lat=lat).doubtful


def test_the_check_finds_the_datum_by_the_grids():
    lon, lat = scattered()
    cells = [shapely.box(120.855 + 0.01 * i, 40.685, 120.865 + 0.01 * i, 40.725) for i in range(5)]
    x, y = wgs84_to_bd09(lon, lat)
    verdict = detect(x, y, WGS84, grids=cells)
    assert (verdict.doubtful, verdict.best) == (True, "bd09")
    grid_of = [
        next((i for i, c in enumerate(cells) if c.covers(p)), -1) for p in shapely.points(lon, lat)
    ]
    other = [
        next((i for i, c in enumerate(cells) if c.covers(p)), -1) for p in shapely.points(x, y)
    ]
    assert verdict.change_grid == sum(a != b for a, b in zip(grid_of, other, strict=True))


def test_the_check_sees_swapped_columns_and_keeps_quiet_otherwise():
    lon, lat = scattered()
    assert detect(lat, lon, WGS84, houses=(lon, lat)).best == "swapped"
    for known in (
        {"houses": (lon, lat)},
        {"grids": [shapely.box(120.86, 40.69, 120.90, 40.72)]},
        {},
    ):
        verdict = detect(lon, lat, WGS84, **known)
        assert (verdict.doubtful, verdict.shift_m, verdict.change_grid) == (False, 0.0, 0)
    assert not detect([np.nan], [1.0], WGS84, houses=(lon, lat)).doubtful


def test_a_template_makes_codes():
    rows, _, _ = checked(
        "houses",
        chunk(区=["大安", "中山"], address=["a", "b"]),
        mapping=Mapping(templates={"code": "{区}-{#}"}),
    )
    assert rows["code"].tolist() == ["大安-2", "中山-3"]
