"""Taipei: villages, door plates and events that have an address and no coordinates."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.files.columns import Mapping
from gisgrid.files.rejects import write_rejects
from gisgrid.loading.load import LoadReport
from gisgrid.planning.settings.townships import change_township
from tests.support.cities import MATTERS, VILLAGES, name_places, write_csv
from tests.support.town_f import load_kind

pytestmark = pytest.mark.real

PLATES = Mapping(templates={"community": "{行政區}{里}"})


@pytest.fixture(scope="module")
def taipei(empty: Session, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The city whole; the reports of its loads are in ``session.info``."""
    folder = tmp_path_factory.mktemp("taipei")
    name_places(empty, folder, "臺灣", "臺北市")
    reports: dict[str, LoadReport] = {
        "villages": load_kind(empty, "areas", data / "taipei_villages.geojson", mapping=VILLAGES)
    }
    change_township(empty, "township", ["time_zone=Asia/Taipei"])
    reports["plates"] = load_plates(empty, data)
    major = write_csv(folder / "major.csv", "code,name", [("1999", "派工")])
    load_kind(empty, "matters", major, version="1", since=date(2020, 1, 1))
    reports["matters"] = load_kind(
        empty, "matters", data / "taipei_1999_matters.csv", version="1", mapping=MATTERS
    )
    with gzip.open(data / "taipei_1999_events.csv.gz", "rt", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    month = {row[0]: row for row in rows if row[3].startswith("202604")}
    others = [row for row in rows if not row[3].startswith("202604")]
    once = write_csv(folder / "once.csv", ",".join(head), [*others, *month.values()])
    reports["once"] = load_kind(empty, "events", once)
    april = write_csv(folder / "april.csv", ",".join(head), month.values())
    reports["april"] = load_kind(empty, "events", april)
    reports["events"] = load_kind(empty, "events", data / "taipei_1999_events.csv.gz")
    empty.info["reports"] = reports
    return empty


def load_plates(session: Session, data: Path) -> LoadReport:
    return load_kind(
        session, "houses", data / "taipei_addresses.csv.gz", mapping=PLATES, code_from_row=True
    )


def test_456_villages_come_in_and_the_invalid_one_is_repaired(taipei: Session):
    report = taipei.info["reports"]["villages"]
    assert (report.inserted, report.rejected.counts()) == (456, {})
    assert report.noted.counts() == {"geometry_repaired": 1}
    assert taipei.scalar(text("SELECT bool_and(ST_IsValid(geom)) FROM area")) is True


def test_door_plates_stay_unlocated_and_get_their_village(taipei: Session):
    report = taipei.info["reports"]["plates"]
    assert (report.inserted, report.rejected.counts()) == (192_503, {})
    # All name both district and village.
    located, resolved = taipei.execute(
        text(
            "SELECT count(*) FILTER (WHERE location_status <> 'unlocated'), count(community_id) FROM house"
        )
    ).one()
    assert located == 0
    assert resolved / 192_503 >= 0.998
    assert report.noted.counts()["unknown_community"] == 192_503 - resolved


def test_variants_of_writing_name_the_same_village(taipei: Session, data: Path):
    with gzip.open(data / "taipei_addresses.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    written = Counter(row["行政區"] + row["里"] for row in rows)
    villages = dict(
        taipei.execute(
            text(
                "SELECT a.name, count(*) FROM house h JOIN area a ON a.id = h.community_id "
                "GROUP BY a.name"
            )
        ).all()
    )
    # 糖廍里 lost its second character; 富臺里 is 富台里 to the one who drew the map.
    assert written["萬華區糖?里"] > 0
    assert villages["萬華區糖廍里"] >= written["萬華區糖?里"]
    variants = {name for name in written if set(name) & set("臺台") and name not in villages}
    assert variants
    swap = str.maketrans("臺台", "台臺")
    for name in variants:
        assert villages[name.translate(swap)] >= written[name]


def test_full_width_digits_are_kept_as_they_stand(taipei: Session, data: Path):
    with gzip.open(data / "taipei_addresses.csv.gz", "rt", encoding="utf-8") as file:
        wide = sum(any("０" <= c <= "９" for c in row["地址"]) for row in csv.DictReader(file))
    kept = taipei.scalar(text("SELECT count(*) FROM house WHERE address ~ '[０-９]'"))
    assert kept == wide > 0


def test_the_same_door_plates_again_add_nothing(taipei: Session, data: Path):
    again = load_plates(taipei, data)
    assert (again.inserted, again.updated, again.run_id) == (0, 0, None)


def test_all_29_matters_come_in(taipei: Session):
    assert taipei.info["reports"]["matters"].inserted == 29


def test_a_month_that_stands_twice_adds_nothing_the_second_time(taipei: Session):
    reports = taipei.info["reports"]
    assert reports["once"].inserted == 69_696 - 13_266
    for name in ("april", "events"):
        assert (reports[name].inserted, reports[name].updated) == (0, 0), name
        assert reports[name].run_id is None
    assert reports["events"].read == 69_696
    assert reports["events"].noted.counts()["row_twice"] == 13_266
    assert reports["events"].rejected.counts() == {}


def test_events_whose_address_names_a_village_belong_to_it(taipei: Session):
    rows = taipei.execute(
        text(
            "SELECT e.address, a.name FROM event e LEFT JOIN area a ON a.id = e.community_id "
            "WHERE e.address ~ '里[0-9]{3}鄰'"
        )
    ).all()
    told = taipei.info["reports"]["once"].noted.counts()["community_from_address"]
    assert told == taipei.scalar(text("SELECT count(community_id) FROM event"))
    assert sum(name is not None for _, name in rows) / len(rows) >= 0.998
    spelled = [(address, name) for address, name in rows if name and name in address]
    assert len(spelled) / len(rows) > 0.9
    for address, name in spelled:
        # The village right before the number of its neighbourhood is the one that counts.
        assert re.split("[0-9]{3}鄰", address)[0].endswith(name), (address, name)


def test_the_damaged_month_says_which_rows_are_damaged(taipei: Session, data: Path, tmp_path: Path):
    path = data / "taipei_1999_202411_damaged.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    shifted = {
        number
        for number, row in enumerate(rows, start=2)
        if not (row["立案日期"].isdigit() and len(row["立案日期"]) == 8)
    }
    assert len(shifted) == 386
    report = load_kind(taipei, "events", path)
    reasons = dict(report.rejected.by_row())
    assert {row for row, why in reasons.items() if ("time", "reported_at") in why} == shifted
    # The cut numbers repeat: the first row of each counts, the others are told.
    repeated = report.rejected.counts()["code_twice"]
    assert repeated + len(shifted) == 16_880
    assert report.read == 16_911
    written = write_rejects(report.table, report.rejected, report.noted, tmp_path / "back.xlsx")
    assert written.rejected == len(report.rejected.rows())
    whole = load_kind(taipei, "events", path, code_from_row=True)
    assert whole.rejected.counts()["time"] == 386
    assert "code_twice" not in whole.rejected.counts()
