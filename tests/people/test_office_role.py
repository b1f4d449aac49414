"""The office inside the store: a role that keeps accounts and reads no secret; no ground without an administrator."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotAllowed, NotFound
from gisgrid.core.failures import failure_of
from gisgrid.db.roles import OFFICE
from gisgrid.db.store import Actor, transaction
from gisgrid.people import accounts, appointments, login, tokens
from tests.support.accounts import LONG_AGO, PERSONAL, refused, web_engine
from tests.support.office import COUNTY, TOWN, able, staffed_town
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, int]]:
    return staffed_town


@contextlib.contextmanager
def keeping(engine: Engine, account: int | None) -> Iterator[Session]:
    """As a request of the office acts; everything is rolled back."""
    with transaction(web_engine(engine), actor=Actor(account), role=OFFICE) as session:
        yield session
        session.rollback()


@contextlib.contextmanager
def nobody_left(session: Session) -> Iterator[None]:
    """The store refuses to be without an administrator, and the transaction can go on."""
    with pytest.raises(DBAPIError) as caught, session.begin_nested():
        yield
    assert getattr(caught.value.orig, "sqlstate", None) == "GG020"
    said = failure_of(caught.value)
    assert said is not None and "nobody would administer" in said.said.en
    assert "系统管理员" in said.said.in_language("zh")


def test_no_secret_and_no_personal_column_can_be_selected(engine: Engine, made: dict[str, int]):
    with keeping(engine, made["root"]) as session:
        for column in ("password_hash", "tf_totp_secret", "fs_uniquifier", "mf_recovery_codes"):
            refused(session, f"SELECT {column} FROM account")
            refused(session, f"SELECT 1 FROM account WHERE {column} IS NOT NULL")
        refused(session, "SELECT token_hash FROM access_token")
        for table, columns in PERSONAL.items():
            refused(session, f"SELECT * FROM {table}")
            for column in columns:
                refused(session, f"SELECT {column} FROM {table}")
        for statement in (
            "UPDATE account SET name = 'x'", "UPDATE account SET made_by_id = 1", "DELETE FROM account",
            "UPDATE appointment SET role = 'administrator'", "INSERT INTO role_right VALUES ('auditor', 'plan')",
            "SELECT 1 FROM history", "SELECT 1 FROM audit_entry", "DELETE FROM township",
            "UPDATE township SET area_id = 1", "INSERT INTO setting_change (name) VALUES ('x')",
        ):  # fmt: skip
            refused(session, statement)


def test_without_the_right_the_role_keeps_nothing(engine: Engine, made: dict[str, int]):
    for who in (made["clerk"], None):
        with keeping(engine, who) as session:
            seen = session.scalars(text("SELECT id FROM account")).all()
            assert list(seen) == ([who] if who else [])
            for statement in (
                "UPDATE account SET active = false RETURNING id", "DELETE FROM appointment RETURNING id",
                "UPDATE township SET public_minimum = 1 RETURNING area_id",
            ):  # fmt: skip
                assert session.execute(text(statement)).all() == []
            refused(
                session,
                "INSERT INTO account (name, display_name, made_by_id) VALUES ('x', 'x', my_account())",
            )


def test_a_post_on_more_ground_than_ones_own_is_given_by_nobody(
    engine: Engine, made: dict[str, int]
):
    put = (
        "INSERT INTO appointment (account_id, role, area_id, during) SELECT :k, 'administrator', "
        "(SELECT id FROM area WHERE code = :a), '[2030-01-01,)'"
    )
    with keeping(engine, made["office"]) as session:
        for area in (COUNTY, "none, so everywhere"):
            refused(session, put, k=made["clerk"], a=area)
        refused(session, put, k=made["reviewer"], a=TOWN)
        session.execute(text(put), {"k": made["clerk"], "a": TOWN})
        for name in ("reviewer", "county"):
            with pytest.raises(NotFound):
                login.set_password(session, name, "a-97-sheet-of-paper")
            changed = session.execute(
                text("UPDATE account SET active = false WHERE id = :k RETURNING id"),
                {"k": made[name]},
            ).all()
            assert changed == []


def test_an_account_without_a_post_is_of_who_made_it(engine: Engine, made: dict[str, int]):
    with transaction(web_engine(engine), actor=Actor(made["office"]), role=OFFICE) as session:
        accounts.add_account(session, "new", "测试新")
        login.set_password(session, "new", "a-97-sheet-of-paper", once=True)
        tokens.add_token(session, "new", "t", ["see_houses"], days=3)
    with keeping(engine, made["county"]) as session, pytest.raises(NotFound):
        accounts.set_active(session, "new", active=False)
    with keeping(engine, made["root"]) as session:
        accounts.set_active(session, "new", active=False)


def test_the_store_keeps_ones_own_secrets_from_the_office(engine: Engine, made: dict[str, int]):
    with keeping(engine, made["root"]) as session, pytest.raises(DBAPIError) as caught:
        login.set_password(session, "root", "a-97-sheet-of-paper")
    assert getattr(caught.value.orig, "sqlstate", None) == "GG021"


def only(session: Session) -> int:
    """The one administrator of everything is the last there is; the number of the post."""
    session.execute(text("UPDATE account SET active = false WHERE name IN ('county', 'office')"))
    return int(session.scalar(text("SELECT id FROM appointment WHERE area_id IS NULL")) or 0)


def test_the_last_administrator_stays_whatever_road_it_goes(engine: Engine, made: dict[str, int]):
    with transaction(engine) as session:
        post = only(session)
        roads: tuple[Callable[[], object], ...] = (
            lambda: accounts.set_active(session, "root", active=False),
            lambda: appointments.end_appointment(session, post),
            lambda: appointments.end_appointment(session, post, date(2040, 1, 1)),
            lambda: session.execute(text("UPDATE appointment SET role = 'auditor'")),
            lambda: session.execute(text("UPDATE appointment SET area_id = (SELECT id FROM area WHERE level = 'county') WHERE area_id IS NULL")),
            lambda: session.execute(text("UPDATE appointment SET during = '[2040-01-01,)'")),
            lambda: session.execute(text("UPDATE appointment SET account_id = :k WHERE area_id IS NULL"), {"k": made["office"]}),
            lambda: session.execute(text("DELETE FROM appointment")),
            lambda: session.execute(text("UPDATE account SET password_hash = NULL")),
        )  # fmt: skip
        for road in roads:
            with nobody_left(session):
                road()
        session.rollback()


def test_who_is_followed_by_another_may_go(engine: Engine, made: dict[str, int]):
    with transaction(engine) as session:
        post = only(session)
        able(session, "next", "administrator", None)
        appointments.end_appointment(session, post)
        accounts.set_active(session, "root", active=False)
        session.rollback()
    with transaction(engine) as session:
        only(session)
        # Nobody can log in as the next one: that is no administrator.
        accounts.add_account(session, "next", "测试")
        appointments.appoint(session, "next", "administrator", since=LONG_AGO)
        with nobody_left(session):
            accounts.set_active(session, "root", active=False)
        session.rollback()


def test_a_ground_keeps_its_own_where_nobody_above_administers(
    engine: Engine, made: dict[str, int]
):
    with transaction(engine) as session:
        accounts.set_active(session, "office", active=False)  # the county's is there
        accounts.set_active(session, "office", active=True)
        accounts.set_active(session, "root", active=True)
        able(session, "second", "administrator", None)
        session.execute(
            text("DELETE FROM appointment WHERE account_id = :k"), {"k": made["county"]}
        )
        accounts.set_active(session, "office", active=False)
        session.rollback()


def test_two_who_switch_each_other_off_at_once_do_not_both_succeed(
    engine: Engine, made: dict[str, int]
):
    with transaction(engine) as session:
        only(session)
        able(session, "second", "administrator", None)
    outcome: list[str] = []

    def second() -> None:
        try:
            with transaction(engine) as session:
                accounts.set_active(session, "root", active=False)
            outcome.append("done")
        except DBAPIError as error:
            outcome.append(getattr(error.orig, "sqlstate", "?"))

    with transaction(engine) as session:
        session.execute(text("UPDATE account SET active = false WHERE name = 'second'"))
        thread = threading.Thread(target=second)
        thread.start()
        with transaction(engine) as watch:
            eventually(
                lambda: watch.scalar(
                    text(
                        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
                    )
                )
            )
    thread.join()
    assert outcome == ["GG020"]


def test_an_unmanaged_account_is_refused_in_words(engine: Engine, made: dict[str, int]):
    with transaction(engine) as session:
        session.execute(
            text(
                "INSERT INTO appointment (account_id, role, area_id, during) SELECT :k, 'dispatcher', id, "
                "'[2020-01-01,)' FROM area WHERE level = 'township'"
            ),
            {"k": made["reviewer"]},
        )
    with keeping(engine, made["office"]) as session:
        for write in (
            lambda: login.set_password(session, "reviewer", "a-97-sheet-of-paper"),
            lambda: login.drop_second_factor(session, "reviewer"),
            lambda: tokens.add_token(session, "reviewer", "t", ["plan"], days=3),
            lambda: appointments.appoint(session, "reviewer", "planner", area=TOWN),
        ):
            with pytest.raises(NotAllowed):
                write()
