"""Editors at hand: what was entered since is told when it is read, loads and settings at once, and no two mix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import PlanInfo, township
from gisgrid.db.store import transaction
from gisgrid.planning.editor import editors
from gisgrid.planning.editor.editor import Editor
from gisgrid.planning.editor.editors import Editors
from gisgrid.planning.editor.scenarios import base_editor
from gisgrid.planning.settings.townships import change_township
from tests.support.editor import drafted

ANOTHER_PERSON = """
INSERT INTO resident (township_id, code, household_id, name)
SELECT township_id, 'R-new-' || count(*) OVER (), id, '测试新人' FROM household ORDER BY id LIMIT 1
"""
ANOTHER_LOAD = """
INSERT INTO import_run (kind, file_name, sha256, who) VALUES ('residents', 'x.csv', 'x', 'office')
"""


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], PlanInfo]:
    return drafted


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The plans that were read with all that lies in them."""
    found: list[int] = []

    def noted(session: Session, place: Any, plan: PlanInfo, shown: PlanInfo) -> Editor:
        found.append(shown.id)
        return base_editor(session, place, plan, shown)

    monkeypatch.setattr(editors, "base_editor", noted)
    return found


def residents(editor: Editor) -> int:
    return sum(each.residents for each in editor.numbers)


def at(engine: Engine, held: Editors, plan: PlanInfo, **how: bool) -> Editor:
    with transaction(engine) as session:
        return held.at(session, township(session), plan, 0, **how)


def run(engine: Engine, statement: str) -> None:
    with transaction(engine) as session:
        session.execute(text(statement))


def test_without_a_span_an_entry_is_in_the_next_answer(
    engine: Engine, made: PlanInfo, read: list[int]
):
    held = Editors()
    before = residents(at(engine, held, made))
    assert residents(at(engine, held, made)) == before and len(read) == 1
    run(engine, ANOTHER_PERSON)
    assert residents(at(engine, held, made)) == before + 1 and len(read) == 2


def test_within_the_span_an_entry_waits_for_the_next_reading(
    engine: Engine, made: PlanInfo, read: list[int]
):
    asked: list[int] = []
    held = Editors(lasting_s=600, renew=asked.append)
    first = at(engine, held, made)
    run(engine, ANOTHER_PERSON)
    again = at(engine, held, made)
    assert again is first and len(read) == 1 and asked == [], "it is fresh enough"
    renewed = at(engine, held, made, exact=True)
    assert residents(renewed) == residents(first) + 1 and len(read) == 2
    assert at(engine, held, made) is renewed, "and from then on it is the one at hand"
    assert first.reading and renewed.reading and first.reading.name != renewed.reading.name


def test_an_old_one_is_shown_once_more_and_asked_to_be_read_anew(
    engine: Engine, made: PlanInfo, read: list[int], monkeypatch: pytest.MonkeyPatch
):
    asked: list[int] = []
    held = Editors(lasting_s=600, renew=asked.append)
    first = at(engine, held, made)
    monkeypatch.setattr(editors, "FRESH_S", 0.0)
    assert at(engine, held, made) is first and asked == [], "nothing was entered"
    run(engine, ANOTHER_PERSON)
    assert at(engine, held, made) is first and asked == [made.id]
    monkeypatch.setattr(editors, "_age_s", lambda reading: 601.0)
    assert residents(at(engine, held, made)) == residents(first) + 1, (
        "past the span nobody waits less"
    )


@pytest.mark.parametrize("what", ["load", "setting"])
def test_a_load_or_a_setting_counts_at_once(
    engine: Engine, made: PlanInfo, read: list[int], what: str
):
    held = Editors(lasting_s=600)
    before = residents(at(engine, held, made))
    run(engine, ANOTHER_PERSON)
    if what == "load":
        run(engine, ANOTHER_LOAD)
    else:
        with transaction(engine) as session:
            change_township(session, township(session).code, ["limits.walk_m=400"])
    assert residents(at(engine, held, made)) == before + 1 and len(read) == 2


def test_what_is_made_of_a_editor_is_kept_under_its_own_reading(
    engine: Engine, made: PlanInfo, read: list[int]
):
    """An entry that comes between two questions of one edit does not make old numbers new ones."""
    held = Editors()
    before = at(engine, held, made)
    run(engine, ANOTHER_PERSON)
    held.keep(made, 1, before)
    with transaction(engine) as session:
        after = held.at(session, township(session), made, 1)
    assert residents(after) == residents(before) + 1 and len(read) == 2
