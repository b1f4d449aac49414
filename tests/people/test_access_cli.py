"""``gisgrid user``, ``gisgrid audit`` and ``gisgrid --as``: what an operator types."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from click.testing import Result
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from tests.support.accounts import acting, web_engine
from tests.support.opened import open_residents
from tests.support.terminal import gisgrid
from tests.support.web import fill_town

A = "999901001001"
TOWN = "999901001"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], object]:
    return partial(fill_town, houses=200, events=40)


@pytest.fixture
def town(engine: Engine) -> Engine:
    return engine


def as_account(engine: Engine, *args: str) -> Result:
    web = web_engine(engine).url.render_as_string(hide_password=False)
    return gisgrid(engine, *args, GISGRID_WEB_DATABASE_URL=web)


def test_an_account_is_made_appointed_and_switched_off(town: Engine):
    dry = gisgrid(town, "user", "add", "wang", "测试王")
    assert "dry run" in dry.output
    assert "no account" in gisgrid(town, "user", "disable", "wang").output
    gisgrid(town, "user", "add", "Wang", "测试王", "--commit")
    given = gisgrid(town, "user", "role", "wang", "community_clerk", "--area", A, "--commit")
    assert "community_clerk" in given.output, given.output
    listed = gisgrid(town, "user", "list").output
    assert "community_clerk" in listed
    twice = gisgrid(town, "user", "role", "wang", "community_clerk", "--area", A, "--commit")
    assert (twice.exit_code, "holds the role there" in twice.output) == (2, True)
    assert gisgrid(town, "user", "disable", "wang", "--commit").exit_code == 0
    assert "off" in gisgrid(town, "user", "list").output
    line = next(line for line in listed.splitlines() if "community_clerk" in line)
    number = line.replace("│", " ").split()[-1]
    assert gisgrid(town, "user", "end", number, "--commit").exit_code == 0
    assert "community_clerk" not in gisgrid(town, "user", "list").output
    assert "see_register" in gisgrid(town, "user", "roles").output


def test_an_appointment_counts_from_the_day_it_is_in_the_township(town: Engine):
    behind = "Pacific/Pago_Pago"  # eleven hours after Greenwich
    gisgrid(town, "township", "--set", f"time_zone={behind}", "--commit")
    gisgrid(town, "user", "add", "wang", "测试王", "--commit")
    given = gisgrid(town, "user", "role", "wang", "planner", "--area", TOWN, "--commit")
    assert given.output.strip().endswith(f"from {datetime.now(ZoneInfo(behind)).date()}")


def test_a_right_outside_the_tree_is_refused_in_words(town: Engine):
    gisgrid(town, "user", "add", "wang", "测试王", "--commit")
    for args, said in (
        (("planner", "--area", "000000"), "no area"),
        (("grid_leader", "--area", TOWN, "--grid", "zzz"), "has a grid"),
        (("grid_leader", "--area", TOWN), "level of grid"),
        (("king",), "planner"),  # the roles there are
    ):
        done = gisgrid(town, "user", "role", "wang", *args, "--commit")
        assert (done.exit_code, said in done.output) == (2, True), done.output


def test_acting_as_an_account_sees_and_does_no_more_than_it_may(town: Engine):
    gisgrid(town, "user", "add", "wang", "测试王", "--commit")
    gisgrid(town, "user", "role", "wang", "community_clerk", "--area", A, "--commit")
    owner = gisgrid(town, "summary").output
    with transaction(town) as session:
        session.execute(text("UPDATE township SET public_minimum = 1000"))
    mine = as_account(town, "--as", "wang", "summary").output
    assert "hidden" not in owner and "hidden" in mine
    row = next(line for line in mine.splitlines() if line.lstrip().startswith(A))
    assert "hidden" not in row
    assert (
        row.split()
        == next(line for line in owner.splitlines() if line.lstrip().startswith(A)).split()
    )
    refused = as_account(town, "--as", "wang", "township", "--set", "public_minimum=0", "--commit")
    assert (refused.exit_code, "no right" in refused.output) == (2, True), refused.output
    assert "no account" in as_account(town, "--as", "nobody", "summary").output


def test_acting_as_an_account_needs_the_way_of_the_web(town: Engine):
    gisgrid(town, "user", "add", "wang", "测试王", "--commit")
    done = gisgrid(town, "--as", "wang", "summary")
    assert (done.exit_code, "GISGRID_WEB_DATABASE_URL" in done.output) == (2, True)


def test_the_audit_is_listed_and_verified_and_a_changed_row_is_found(town: Engine):
    with transaction(town) as session:
        account = session.scalar(text("SELECT id FROM account"))
    web = web_engine(town)
    for _ in range(3):
        with acting(web, account, "care") as session:
            open_residents(session, [1, 2])
    listed = gisgrid(town, "audit", "list", "--row", "2").output
    assert listed.count("care") == 3 and "198.51.100.7" in listed
    assert gisgrid(town, "audit", "list", "--row", "3").output.count("care") == 0
    whole = gisgrid(town, "audit", "verify")
    assert (whole.exit_code, "whole" in whole.output) == (0, True)
    noted = whole.output.split("last hash ")[1].split()[0]
    with transaction(town) as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("DELETE FROM audit_entry WHERE id = 5"))
    assert gisgrid(town, "audit", "verify").exit_code == 0
    cut = gisgrid(town, "audit", "verify", "--noted", noted)
    assert (cut.exit_code, "cut off" in cut.output) == (1, True)
    with transaction(town) as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("UPDATE audit_entry SET purpose = 'event' WHERE id = 1"))
    changed = gisgrid(town, "audit", "verify")
    assert (changed.exit_code, "BROKEN at entry 1" in changed.output) == (1, True)


def test_masks_and_the_least_number_are_settings_of_a_township(town: Engine):
    done = gisgrid(
        town, "township", "--set", "masking.phone=0,2", "--set", "public_minimum=10", "--commit"
    )
    assert "public_minimum = 10" in done.output
    with transaction(town) as session:
        assert session.scalar(text("SELECT masking FROM township")) == {"phone": [0, 2]}
    for bad in ("masking.phone=3,9", "masking.name=2", "masking.needs=1", "public_minimum=-1"):
        refused = gisgrid(town, "township", "--set", bad, "--commit")
        assert (refused.exit_code, "cannot be" in refused.output) == (2, True), refused.output
    gisgrid(town, "township", "--set", "masking.phone=", "--commit")
    with transaction(town) as session:
        assert session.scalar(text("SELECT masking FROM township")) == {}
