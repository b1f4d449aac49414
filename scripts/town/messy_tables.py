"""Tables with planted defects: every good row stays, bad ones stand behind them."""

from __future__ import annotations

import io

import pandas as pd

from scripts.town import files
from scripts.town.people import check_character
from scripts.town.planting import Sheet
from scripts.town.spec import LAT0, LON0, TOWNSHIP
from scripts.town.town import Town

FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")
# The township office: where a careless geocoder puts what it cannot find.
DEFAULT_SPOT = (f"{LON0:.7f}", f"{LAT0:.7f}")
SHIFTED = "too_many_cells"


def houses(town: Town, without_grid: list[str]) -> Sheet:
    """houses.csv; ``without_grid`` are good rows whose ground the messy grids leave out."""
    sheet = Sheet.of("register/houses.csv", _strings(town, "houses"))
    numbers = iter(range(90001, 99999))

    def bad(defect: str, column: str = "", **changes: str) -> None:
        fresh = {"code": f"{TOWNSHIP}201{next(numbers)}"}
        sheet.append(0, defect, column, **{**fresh, **changes})

    lon, lat = (str(sheet.rows[0][c]) for c in ("lon", "lat"))
    for code in without_grid:
        at = next(k for k, row in enumerate(sheet.rows) if row["code"] == code)
        sheet.plant(at, "house_in_no_grid", "lon")
    west = min(float(str(row["lon"])) for row in sheet.rows)
    bad("house_in_no_grid", "lon", lon=f"{west - 0.008:.7f}")
    bad("swapped", "lon", lon=lat, lat=lon)
    bad("far", "lon", lon="116.3913000", lat="39.9075000")
    bad("far", "lon", lon=f"{LON0 + 0.5:.7f}")
    bad("lonlat_range", "lat", lat="407.0012345")
    bad("half_place", "lat", lat="")
    bad("not_a_number", "lat", lat="四十点七")
    bad("unlocated", "lon", lon="", lat="")
    bad("zero_place", "lon", lon="0", lat="0")
    bad("zero_address", "address", address="(0, 0)", lon="", lat="")
    bad("zero_address", "address", address="(0, 0)", lon=DEFAULT_SPOT[0], lat=DEFAULT_SPOT[1])
    for k in range(40):
        address = str(sheet.rows[17 * k]["address"]).replace("号", "号之一")
        bad("placeholder", "lon", address=address, lon=DEFAULT_SPOT[0], lat=DEFAULT_SPOT[1])
    bad("missing", "address", address="")
    bad("missing", "code", code="")
    bad("code_exponent", "code", code="9.99901001201999E+16")
    bad("unknown_community", "community", community=f"{TOWNSHIP}299")
    bad("full_width", "address", address=str(sheet.rows[5]["address"]).translate(FULL_WIDTH))
    bad("full_width", "code", code=f"{TOWNSHIP}201{next(numbers)}".translate(FULL_WIDTH))
    bad("full_width", "lon", lon=lon.translate(FULL_WIDTH))
    sheet.append(10, "code_twice", "code", address=str(sheet.rows[10]["address"]) + "后院")
    sheet.append(11, "row_twice")
    bad(SHIFTED)
    return sheet


def households(town: Town) -> Sheet:
    """households.csv."""
    sheet = Sheet.of("register/households.csv", _strings(town, "households"))
    sheet.append(0, "unknown_house", "house", code="H9000001", house=f"{TOWNSHIP}20188888")
    sheet.append(0, "missing", "house", code="H9000002", house="")
    sheet.append(0, "date", "verified_on", code="H9000003", verified_on="2023-13-45")
    sheet.append(3, "code_twice", "code", room="9室")
    sheet.append(4, "row_twice")
    return sheet


def residents(town: Town) -> Sheet:
    """residents.csv."""
    sheet = Sheet.of("register/residents.csv", _strings(town, "residents"))
    numbers = iter(range(9000001, 9999999))

    def bad(defect: str, column: str = "", **changes: str) -> None:
        sheet.append(
            0, defect, column, **{"code": f"R{next(numbers)}", "citizen_id": "", **changes}
        )

    good = str(sheet.rows[0]["citizen_id"])
    wrong = "0123456789X".replace(good[-1], "")[3]
    bad("id_check", "citizen_id", citizen_id=good[:-1] + wrong)
    bad("id_length", "citizen_id", citizen_id=good[:-1])
    bad("code_zeros", "citizen_id", citizen_id=good[:15] + "000")
    bad("code_exponent", "citizen_id", citizen_id=f"{good[0]}.{good[1:15]}E+17")
    stem = f"{good[:6]}19540230002"
    bad("id_birth", "citizen_id", citizen_id=stem + check_character(stem), birth_date="")
    other = f"{good[:6]}19610203002"
    bad("id_mismatch", "citizen_id", citizen_id=other + check_character(other))
    man = {"sex": "m", "birth_date": "1954-04-04"}
    stems = (f"{good[:6]}19540404{k}" for k in range(901, 999, 2))
    ending_in_x = next(stem for stem in stems if check_character(stem) == "X")
    bad("lower_case_x", "citizen_id", citizen_id=ending_in_x + "x", **man)
    wide = f"{good[:6]}19540404899"
    wide = (wide + check_character(wide)).translate(FULL_WIDTH)
    bad("full_width", "citizen_id", citizen_id=wide, **man)
    bad("phone", "phone", phone="1.99E+10")
    bad("phone", "phone", phone="12345")
    bad("not_a_choice", "sex", sex="x")
    bad("not_a_choice", "needs", needs="living_alone;rich")
    bad("unknown_household", "household", household="H8888888")
    bad("date", "birth_date", birth_date="1954-04-31")
    bad("date_range", "birth_date", birth_date="1066-10-14")
    bad("missing", "name", name="")
    sheet.append(20, "code_twice", "code", name="测重码", citizen_id="")
    sheet.append(21, "row_twice")
    return sheet


def staff(town: Town) -> Sheet:
    """staff.csv: one grid without leader, one with the leader only, and bad rows."""
    table = _strings(town, "staff")
    codes = town.grids["code"].tolist()
    no_leader, leader_only = codes[3], codes[7]
    gone = (table["grid"] == no_leader) & (table["role"] == "leader")
    gone |= (table["grid"] == leader_only) & (table["role"] != "leader")
    sheet = Sheet.of("staff/staff.csv", table[~gone])
    sheet.whole("no_leader", no_leader)
    sheet.whole("leader_only", leader_only)
    leader = next(k for k, row in enumerate(sheet.rows) if row["role"] == "leader")
    sheet.append(leader, "second_leader", "since", code="S9001", since="2023-05-01", until="")
    sheet.append(leader, "unknown_grid", "grid", code="S9002", grid=f"{TOWNSHIP}201999")
    sheet.append(leader, "not_a_choice", "role", code="S9003", role="督导员")
    sheet.append(leader, "until_first", "until", code="S9004", role="worker", until="2022-08-01")
    sheet.append(leader, "missing", "name", code="S9005", role="worker", name="")
    sheet.append(leader, "row_twice")
    return sheet


def matters(town: Town) -> Sheet:
    """matters.csv."""
    sheet = Sheet.of("matters/matters.csv", _strings(town, "matters"))
    minor = next(k for k, row in enumerate(sheet.rows) if row["parent"])
    sheet.append(minor, "code_short", "code", code="107", parent="1", name="错编码事项")
    sheet.append(minor, "unknown_parent", "parent", code="0901", parent="09", name="无大项事项")
    sheet.append(
        minor, "not_a_choice", "limit_unit", code="0191", limit_unit="个月", name="错单位事项"
    )
    sheet.append(minor, "negative", "time_limit", code="0192", time_limit="-3", name="负时限事项")
    sheet.append(
        minor, "not_a_number", "time_limit", code="0193", time_limit="三", name="非数字时限"
    )
    sheet.append(minor, "missing", "name", code="0194", name="")
    sheet.append(minor, "code_twice", "code", name="重码事项")
    sheet.append(minor + 1, "row_twice")
    return sheet


def events(town: Town) -> Sheet:
    """events.csv."""
    sheet = Sheet.of("events/events.csv", _strings(town, "events"))
    numbers = iter(range(9001, 9999))
    closed = next(k for k, row in enumerate(sheet.rows) if row["closed_at"])

    def bad(defect: str, column: str = "", **changes: str) -> None:
        sheet.append(closed, defect, column, **{"code": f"E20220901{next(numbers)}", **changes})

    lon, lat = (str(sheet.rows[closed][c]) for c in ("lon", "lat"))
    bad("unknown_matter", "matter", matter="0999")
    bad("unknown_matter", "matter", matter="外星人来访")
    bad("code_short", "matter", matter="307")
    bad("closed_first", "closed_at", closed_at="2022-08-30 10:00")
    bad("time", "reported_at", reported_at="2023-02-30 10:00")
    bad("missing", "reported_at", reported_at="")
    bad("swapped", "lon", lon=lat, lat=lon)
    bad("far", "lon", lon="121.4737000", lat="31.2304000")
    bad("half_place", "lon", lon="")
    bad("unlocated", "lon", lon="", lat="")
    bad("zero_place", "lon", lon="0.0", lat="0.0")
    bad("zero_address", "address", address="(0, 0)", lon=DEFAULT_SPOT[0], lat=DEFAULT_SPOT[1])
    for k in range(60):
        other = sheet.rows[40 * k]
        bad(
            "placeholder", "lon", matter=str(other["matter"]), address=str(other["address"]),
            text=str(other["text"]), lon=DEFAULT_SPOT[0], lat=DEFAULT_SPOT[1],
        )  # fmt: skip
    bad("unknown_community", "community", community=f"{TOWNSHIP}299")
    sheet.append(50, "code_twice", "code", text="编码重复的另一件事")
    sheet.append(51, "row_twice")
    return sheet


def csv_text(sheet: Sheet) -> str:
    """The CSV of a sheet; the row planted as shifted gets a cell too many."""
    lines = files.csv(sheet.table()).splitlines()
    for plant in sheet.plants:
        if plant.defect == SHIFTED and plant.row is not None:
            lines[plant.row - 1] += ",1"
    return "\n".join(lines) + "\n"


def _strings(town: Town, kind: str) -> pd.DataFrame:
    """The table as its clean file spells it."""
    return pd.read_csv(
        io.StringIO(files.csv(getattr(town, kind))), dtype=str, keep_default_na=False
    )
