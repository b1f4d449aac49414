"""What the store itself refuses of the list of matters: a published version stays, and nobody writes for another."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases import matter_versions
from gisgrid.core.errors import Conflict, GisgridError
from gisgrid.db.roles import OFFICE
from gisgrid.db.store import Actor, transaction
from tests.support.accounts import refused, web_engine
from tests.support.office import staffed_town


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, int]]:
    return staffed_town


@contextlib.contextmanager
def keeping(engine: Engine, account: int | None) -> Iterator[Session]:
    """As a request of the office acts; everything is rolled back."""
    with transaction(web_engine(engine), actor=Actor(account), role=OFFICE) as session:
        yield session
        session.rollback()


ADD_ITEM = "INSERT INTO matter (list_id, code, name) SELECT id, 'X', 'x' FROM matter_list WHERE validity IS NOT NULL"
USE = "SELECT code FROM matter_use((SELECT township_id FROM matter_list))"
LOG = "INSERT INTO matter_change (list_id, what, who) SELECT id, 'x', '{}' FROM matter_list"
RULE = (
    "INSERT INTO matter_supplement (township_id, community_id, code, text, during, written_by, state) "
    "SELECT t.id, c.id, '01', 'x', daterange('2020-01-01', NULL), '{}', '{}' FROM area c JOIN area t ON t.id = c.parent_id "
    "WHERE c.code = '{}'"
)


def test_who_keeps_the_list_changes_no_version_that_was_published(
    engine: Engine, made: dict[str, int]
):
    with keeping(engine, made["office"]) as session:
        for statement in ("UPDATE matter SET name = 'x' RETURNING id", "DELETE FROM matter RETURNING id",
                          "DELETE FROM matter_list RETURNING id"):  # fmt: skip
            assert session.execute(text(statement)).all() == [], statement
        refused(session, ADD_ITEM)
        refused(
            session,
            "INSERT INTO matter_list (township_id, version, validity) SELECT township_id, 'x', daterange('2030-01-01', NULL) FROM matter_list",
        )
        refused(session, "UPDATE matter_list SET version = 'x'")
        refused(session, LOG.format("somebody"))
        session.execute(text(LOG.format("office")))


def test_without_the_right_nothing_of_the_list_is_written(engine: Engine, made: dict[str, int]):
    with transaction(engine) as session:
        session.execute(text("UPDATE event SET reported_at = now(), closed_at = NULL"))
    for who in (made["clerk"], made["reviewer"], None):
        with keeping(engine, who) as session:
            refused(
                session,
                "INSERT INTO matter_list (township_id, version) SELECT township_id, 'x' FROM matter_list",
            )
            assert (
                session.execute(text("UPDATE matter_list SET validity = NULL RETURNING id")).all()
                == []
            )
            assert session.scalars(text(USE)).all() == []
            refused(session, LOG.format("clerk"))
    with keeping(engine, made["office"]) as session:
        assert session.scalars(text(USE)).all() == ["01"]


def test_a_clerk_writes_for_the_own_community_and_agrees_to_nothing(
    engine: Engine, made: dict[str, int]
):
    with keeping(engine, made["clerk"]) as session:
        refused(session, RULE.format("clerk", "waiting", "999901001002"))
        refused(session, RULE.format("clerk", "agreed", "999901001001"))
        refused(session, RULE.format("office", "waiting", "999901001001"))
        session.execute(text(RULE.format("clerk", "waiting", "999901001001")))
        refused(
            session,
            "UPDATE matter_supplement SET state = 'agreed', decided_by = 'clerk', decided_at = now()",
        )
        session.execute(text("UPDATE matter_supplement SET state = 'ended'"))
    with keeping(engine, made["office"]) as session:
        refused(session, RULE.format("office", "waiting", "999901001001"))


def test_of_two_who_begin_a_draft_at_once_the_second_is_told(engine: Engine, made: dict[str, int]):
    web, gate, said = web_engine(engine), threading.Barrier(2), list[str]()

    def begin(name: str) -> None:
        gate.wait()
        try:
            with transaction(web, actor=Actor(made["office"]), role=OFFICE) as session:
                town = session.scalar(text("SELECT township_id FROM matter_list LIMIT 1"))
                matter_versions.begin(session, town or 0, name)
            said.append("made")
        except GisgridError as error:
            assert isinstance(error, Conflict)
            said.append(error.message)

    both = [threading.Thread(target=begin, args=(name,)) for name in ("2", "3")]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(word[:24] for word in said) == ["There is a draft already", "made"]
