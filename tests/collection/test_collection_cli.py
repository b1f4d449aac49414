"""Collection tasks at the terminal: made, asked, published, seen by who sees registers, as a form, ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.planning.snapshot.fetch import today
from tests.support.door import GRID, one_known
from tests.support.factories import create_township
from tests.support.terminal import gisgrid


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], str]:
    def filled(session: Session) -> str:
        one_known(session)
        return str(today(township(session)) + timedelta(days=5))

    return filled


def run(engine: Engine, *args: str, code: int = 0) -> str:
    answer: Any = gisgrid(engine, *args)
    assert answer.exit_code == code, answer.output
    return str(answer.output)


def test_a_task_from_the_first_word_to_its_end(engine: Engine, made: str, tmp_path: Path):
    make = (
        "collection",
        "make",
        "用水普查",
        "--purpose",
        "care",
        "--due",
        made,
        "--grid",
        GRID,
        "--grid",
        GRID,
        "--field",
        "resident.phone",
    )
    assert "1: 用水普查" in run(engine, *make)
    assert "用水普查" not in run(engine, "collection", "list")
    # A draft that was tried left its number behind.
    number = run(engine, *make, "--commit").split(":")[0].split()[-1]
    for asked in (
        ("几口人", "--kind", "integer", "--least", "0", "--most", "30"),
        ("水管", "--kind", "choice", "--choice", "铁", "--choice", "塑料", "--may-stay-empty"),
    ):
        run(engine, "collection", "ask", number, *asked, "--commit")
    assert "2 to 20 answers" in run(
        engine, "collection", "ask", number, "无", "--kind", "choice", "--choice", "一", code=2
    )
    assert "'abc' is no number" in run(
        engine, "collection", "ask", number, "几人", "--kind", "integer", "--least", "abc", code=2
    )
    form = tmp_path / "form.xlsx"
    run(engine, "collection", "form", number, str(form))
    assert "2 questions" in run(engine, "collection", "take", number, str(form), "--commit")
    assert "5 houses" in run(engine, "collection", "publish", number, "--commit")
    shown = run(engine, "collection", "show", number)
    assert "1. 几口人 (integer, must)" in shown
    assert "2. 水管 (choice, may)" in shown
    assert "ended" in run(engine, "collection", "end", number, "--commit")
    assert "meanwhile" in run(engine, "collection", "end", number, "--commit", code=2)
    assert "ended" in run(engine, "collection", "list")
    with transaction(engine) as session:
        other = create_township(session)
        code = session.scalar(text("SELECT code FROM area WHERE id = :id"), {"id": other.area_id})
    there = ("--township", str(code))
    for verb in (("show",), ("form", str(form)), ("take", str(form)), ("publish",), ("end",),
                 ("ask", "几人", "--kind", "integer")):  # fmt: skip
        refused = run(engine, "collection", verb[0], number, *verb[1:], *there, code=2)
        assert f"There is no collection task {number} here." in refused
