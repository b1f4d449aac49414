"""The messy Town F: every planted defect of a row is told, and none is invented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid
from gisgrid.core.plans import plan_named, township
from gisgrid.files.findings import REASONS
from gisgrid.loading.load import LoadReport
from gisgrid.planning.review.publish import publish
from gisgrid.planning.settings.townships import change_township
from tests.support.town_f import FIRST_DAY, load_kind

# Where the loader may give a reason of another name: it says why it acts, the list what was done.
ALSO = {
    "second_leader": {"two_leaders"},
    "zero_place": {"placeholder"},
    "zero_address": {"placeholder", "unlocated"},  # without coordinates there is none to doubt
    "code_short": {"unknown_parent", "unknown_matter"},
    "code_twice": {"row_twice"},  # what else differs is not stored
    "phone": {"code_exponent"},
    "geometry_type": {"line_open"},  # and how to mend it
}
# Told about a file as a whole, or not about what was planted: notes of the good rows beside.
IN_PASSING = {"float_repaired", "community_from_address"}


def planted(messy: Path) -> dict[str, dict[int, str]]:
    """Defect by row, per file."""
    rows: dict[str, dict[int, str]] = {}
    for plant in json.loads((messy / "planted.json").read_text(encoding="utf-8")):
        if plant["row"] is not None:
            rows.setdefault(plant["file"], {})[plant["row"]] = plant["defect"]
    return rows


def told(report: LoadReport) -> set[tuple[int, str]]:
    return {
        (int(row), finding.code)
        for finding in (*report.rejected.found, *report.noted.found)
        for row in finding.rows
        if finding.code not in IN_PASSING
    }


@pytest.mark.thorough
def test_every_planted_row_is_told_and_no_other(session: Session, messy: Path):
    found: dict[str, set[tuple[int, str]]] = {}

    def run(kind: str, file: str, **details: Any) -> None:
        found[file] = told(load_kind(session, kind, messy / file, **details))

    run("areas", "boundaries/areas.geojson")
    change_township(session, township(session).code, ["code_scheme=gb"])
    run("streets", "boundaries/streets.geojson")
    run("grids", "boundaries/grids.geojson", plan="2022")
    publish(session, plan_named(session, township(session).id, "2022").id, FIRST_DAY)
    run("houses", "register/houses.csv", crs="wgs84")
    run("households", "register/households.csv")
    run("residents", "register/residents.csv")
    run("staff", "staff/staff.csv")
    run("matters", "matters/matters.csv", version="2022", since=FIRST_DAY)
    run("events", "events/events.csv", crs="wgs84")
    expected = planted(messy)
    for file, rows in found.items():
        planted_rows = expected.get(file, {})
        for row, defect in planted_rows.items():
            # Names of their own: what only a plan shows, or what need not be refused.
            if defect in REASONS or defect in ALSO:
                reasons = {code for number, code in rows if number == row}
                assert reasons & ({defect} | ALSO.get(defect, set())), (file, row, defect, reasons)
        invented = [(row, code) for row, code in rows if row not in planted_rows]
        assert invented == [], file


@pytest.mark.thorough
def test_a_whole_file_in_another_datum_is_refused(session: Session, messy: Path):
    load_kind(session, "areas", messy / "boundaries/areas.geojson")
    load_kind(session, "grids", messy / "boundaries/grids.geojson", plan="2022")
    publish(session, plan_named(session, township(session).id, "2022").id, FIRST_DAY)
    load_kind(session, "houses", messy / "register/houses.csv", crs="wgs84")
    with pytest.raises(Invalid, match="gcj02"):
        load_kind(session, "houses", messy / "register/houses_gcj02.csv", crs="wgs84")
    for name in ("houses_gbk.csv", "houses_big5.csv", "houses_bom.csv", "houses.tsv.gz"):
        report = load_kind(session, "houses", messy / "register" / name, crs="wgs84")
        assert report.read > 0
        assert len(report.rejected.rows()) == 0, (name, report.rejected.counts())
    ruined = load_kind(session, "houses", messy / "register/houses_excel.xlsx", crs="wgs84")
    assert set(ruined.rejected.counts()) == {"code_exponent"}
