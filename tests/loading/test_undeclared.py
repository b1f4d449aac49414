"""Personal columns that no purpose is declared for: refused, or left out by name."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.codes import check_digit
from gisgrid.core.errors import Invalid
from gisgrid.db.store import transaction
from gisgrid.files.columns import Mapping, resolve
from gisgrid.loading.personal_data_guard import sort_of_cells, sort_of_header
from tests.support.factories import create_house, create_plan, create_township
from tests.support.sketch import spot
from tests.support.terminal import gisgrid
from tests.support.town_f import load_kind, write

GIVEN = "测试虚构样拟甲乙丙丁戊己庚辛壬癸子丑寅卯"
NAMES = [f"王{a}{b}" for a in GIVEN for b in GIVEN]
STEMS = [f"99990119540404{k:03d}" for k in range(100, 160)]
IDS = [stem + check_digit(stem) for stem in STEMS]


@pytest.mark.parametrize(
    "header",
    ["手机号码", "联系电话（手机）", "Owner Name", "户主", "身份证", "E-mail", "birth_date", "出生年月", "性别",
     "报案人姓名", "民族", "first name", "重点人群"],
)  # fmt: skip
def test_a_header_that_speaks_of_people_is_known(header: str):
    assert sort_of_header(header) is not None


@pytest.mark.parametrize(
    "header",
    ["QUEUE", "ward", "OnTime_Status", "備註", "楼层", "单位", "Occupancy", "automobiles", "VILLNAME",
     "租户数", "objid", "gvznummer", "热线受理", "Telegraph Hill"],
)  # fmt: skip
def test_a_header_of_things_is_not(header: str):
    assert sort_of_header(header) is None


def test_cells_are_known_by_their_looks():
    assert sort_of_cells(["无", *IDS, None]).en == "citizen IDs"
    assert sort_of_cells([f"户主证号 {i}。" for i in IDS]).en == "citizen IDs"
    assert sort_of_cells([f"1990000{k:04d}" for k in range(60)]).en.startswith("telephones")
    assert sort_of_cells(["0429-5550001", "0429-5550002"]).en.startswith("telephones")
    assert sort_of_cells(NAMES).en == "names of people"


def test_codes_kinds_and_places_are_no_people():
    wrong = [i[:17] + ("1" if i[17] != "1" else "2") for i in IDS]
    assert sort_of_cells(wrong) is None  # 18 digits, but no ID
    assert sort_of_cells([f"9999010012010{k:04d}" for k in range(60)]) is None
    assert sort_of_cells([f"013{k:08d}" for k in range(60)]) is None
    assert sort_of_cells(["黄沙", "金属", "高空"] * 100) is None  # few different words
    assert sort_of_cells([n[:2] + "路" for n in NAMES]) is None
    assert sort_of_cells([None, "", "  "]) is None
    # One telephone in a column of notes is not a column of telephones.
    assert sort_of_cells(["修缮", "19900000001", *(["无"] * 8)]) is None


@pytest.fixture
def place(session: Session) -> Session:
    create_plan(session, create_township(session, "a b"), "a b")
    return session


HEAD = "code,address,lon,lat"
ROW = "H1,学府路1号,120.9005,40.7005"


def test_a_load_with_an_undeclared_column_is_refused_and_names_it(place: Session, tmp_path: Path):
    path = write(tmp_path / "h.csv", HEAD + ",户主,备注", ROW + ",测试人,好")
    with pytest.raises(Invalid) as refused:
        load_kind(place, "houses", path, crs="wgs84")
    assert refused.value.facts["columns"] == ["户主"]
    assert "“户主” (names of people)" in refused.value.message
    assert "--ignore '户主'" in refused.value.at_terminal("en")
    assert "--ignore '户主'" in refused.value.at_terminal("zh")
    assert "测试人" not in refused.value.message + refused.value.in_language("zh")
    assert place.scalar(text("SELECT count(*) FROM house")) == 0


def test_what_stands_under_a_harmless_header_is_looked_at(place: Session, tmp_path: Path):
    rows = [f"H{k},学府路{k}号,120.9005,40.7005,{i}" for k, i in enumerate(IDS)]
    path = write(tmp_path / "h.csv", HEAD + ",备注", *rows)
    with pytest.raises(Invalid, match="“备注” \\(citizen IDs\\)"):
        load_kind(place, "houses", path, crs="wgs84")


def test_a_column_left_out_is_neither_stored_nor_handed_back(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with transaction(engine) as session:
        create_plan(session, create_township(session, "a b"), "a b")
    bad = "H2,学府路2号,40.7005,120.9005"
    write(tmp_path / "h.csv", HEAD + ",户主,备注", ROW + ",测试甲,好", bad + ",测试乙,好")
    load = ("load", "houses", "h.csv", "--crs", "wgs84", "--commit")
    assert gisgrid(engine, *load).exit_code == 2
    done = gisgrid(engine, *load, "--ignore", "户主")
    assert done.exit_code == 0, done.output
    assert "columns left out: 户主" in done.output
    cells = [
        str(cell.value)
        for sheet in openpyxl.load_workbook(tmp_path / "h.csv.rejects.xlsx")
        for row in sheet.iter_rows()
        for cell in row
    ]
    assert "H2" in cells
    assert "备注" in cells
    assert not {"户主", "测试甲", "测试乙"} & set(cells)
    with engine.connect() as connection:
        mapping = connection.scalar(text("SELECT mapping FROM import_run WHERE kind = 'houses'"))
    assert mapping["ignore"] == ["户主"]


def test_a_mapping_file_may_name_what_is_left_out():
    mapping = Mapping.from_json(json.dumps({"ignore": ["户主"]}))
    assert Mapping.from_json(mapping.to_json()) == mapping
    resolved = resolve("houses", ["code", "address", "户主", "备注"], mapping)
    assert (resolved.unused, resolved.ignored) == (("备注",), ("户主",))
    for broken in ('{"ignore": "户主"}', '{"ignore": [1]}'):
        with pytest.raises(Invalid, match="ignore"):
            Mapping.from_json(broken)


def test_ignoring_must_make_sense():
    with pytest.raises(Invalid, match="no column “手机”"):
        resolve("houses", ["code", "address"], Mapping(ignore=("手机",)))
    with pytest.raises(Invalid, match="both used and ignored"):
        resolve("houses", ["code", "地址"], Mapping(columns={"address": "地址"}, ignore=("地址",)))
    # A synonym that is left out does not count as the column either.
    with pytest.raises(Invalid, match="lacks address"):
        resolve("houses", ["code", "地址"], Mapping(ignore=("地址",)))


def test_a_file_of_residents_brings_only_what_residents_have(session: Session, tmp_path: Path):
    township = create_township(session, "a b")
    house = create_house(session, township, spot(0.5, 0.5), code="H1")
    session.execute(
        text("INSERT INTO household (township_id, code, house_id) VALUES (:t, 'F1', :h)"),
        {"t": township.area_id, "h": house.id},
    )
    head, row = "code,household,name,phone", "R1,F1,测试人,19900000001"
    assert load_kind(session, "residents", write(tmp_path / "r.csv", head, row)).inserted == 1
    more = write(tmp_path / "s.csv", head + ",备用电话", row + ",19900000002")
    with pytest.raises(Invalid, match="备用电话"):
        load_kind(session, "residents", more)
