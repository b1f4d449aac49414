"""A round list leaves as a workbook, is filled in, comes back, and is visits and verifications."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from gisgrid.loading.load import LoadReport
from gisgrid.loading.undo import undo_load
from tests.support.town_f import load_kind
from tests.support.web import Town, app_over, fill_town

DAY, NEXT = date(2026, 3, 2), date(2026, 4, 1)


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return lambda session: fill_town(session, columns=3, rows=3, houses=12, events=0)


def taken(engine: Engine, town: Town, language: str) -> openpyxl.Workbook:
    who = app_over(engine, account=town.account).test_client()
    who.set_cookie("language", language)
    answer = who.get("/paper?as=xlsx")
    assert answer.status_code == 200, answer.text
    return openpyxl.load_workbook(io.BytesIO(answer.data))


def filled(book: openpyxl.Workbook, path: Path, cells: dict[str, list[Any]]) -> Path:
    """The workbook with the six columns of some houses filled in."""
    sheet = book.active
    for row in sheet.iter_rows(min_row=2):
        for cell, value in zip(row[4:], cells.get(row[0].value, ()), strict=False):
            cell.value = value
    book.save(path)
    return path


def load(engine: Engine, path: Path) -> LoadReport:
    with transaction(engine) as session:
        return load_kind(session, "rounds", path)


def visits(engine: Engine) -> list[tuple[Any, ...]]:
    with transaction(engine) as session:
        rows = session.execute(
            text(
                "SELECT h.code, v.visited_on, v.why, v.met, v.agreed, v.next_on FROM visit v "
                'JOIN house h ON h.id = v.house_id ORDER BY h.code COLLATE "C"'
            )
        )
        return [tuple(row) for row in rows]


def verified(engine: Engine, house: str) -> set[date | None]:
    with transaction(engine) as session:
        rows = session.scalars(
            text(
                "SELECT unnest(ARRAY[f.verified_on, r.verified_on]) FROM house h JOIN household f ON f.house_id = h.id "
                "JOIN resident r ON r.household_id = f.id WHERE h.code = :code"
            ),
            {"code": house},
        )
        return set(rows)


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", ("是", "例行", "住户")), ("en", ("yes", "Regular round", "the household"))],
)
def test_a_filled_list_is_visits_and_verifications_and_the_same_again_adds_nothing(
    engine: Engine, made: Town, tmp_path: Path, language: str, words: tuple[str, ...]
):
    book = taken(engine, made, language)
    assert len(list(book.active.values)) == 13, "the head, and every house"
    yes, why, met = words
    path = filled(book, tmp_path / "round.xlsx", {
        "H1": [DAY, yes, why, met, "下月再来", NEXT],
        "H2": [DAY, None, why, met],
        "H3": [None, yes, why],
        "H4": [date(2099, 1, 1), yes],
        "H5": [DAY, yes, "随便"],
        "H6": [DAY, yes, None, None, None, date(2026, 1, 1)],
    })  # fmt: skip
    report = load(engine, path)
    assert visits(engine) == [
        ("H1", DAY, "routine", "household", "下月再来", NEXT),
        ("H2", DAY, "routine", "household", None, None),
    ]
    assert (verified(engine, "H1"), verified(engine, "H2")) == ({DAY}, {None})
    refused = report.rejected.counts()
    assert (refused["day_missing"], refused["day_ahead"], refused["until_first"]) == (1, 1, 1)
    assert len(report.rejected.rows()) == 4, "what is none of the reasons, too"
    assert report.noted.counts()["not_filled"] == 6
    again = load(engine, path)
    assert (again.inserted, again.updated, again.run_id) == (0, 0, None)
    assert len(visits(engine)) == 2


def test_what_was_looked_at_later_stays_and_a_load_can_be_taken_back(
    engine: Engine, made: Town, tmp_path: Path
):
    later = date(2026, 5, 1)
    with transaction(engine) as session:
        session.execute(text("UPDATE household SET verified_on = :day WHERE house_id = (SELECT id FROM house WHERE code = 'H1')"), {"day": later})  # fmt: skip
    report = load(
        engine, filled(taken(engine, made, "zh"), tmp_path / "round.xlsx", {"H1": [DAY, "是"]})
    )
    assert verified(engine, "H1") == {later, DAY}
    assert report.run_id is not None
    with transaction(engine) as session:
        undo_load(session, report.run_id, who="test")
    assert visits(engine) == [] and verified(engine, "H1") == {later, None}
