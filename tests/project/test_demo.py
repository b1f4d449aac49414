"""The demo is of today: its town's year ends yesterday, and every kind of case waits for somebody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from gisgrid.cli import demo as demo_command
from gisgrid.core.plans import plan_in_force, township
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.locate.addresses import aliases
from gisgrid.planning.overview import summary
from gisgrid.planning.snapshot.fetch import local
from scripts import load_demo
from scripts.town import lately
from scripts.town.spec import AS_OF
from tests.support.database import own_database
from tests.support.walks import walk
from tests.support.web import app_over, close, session_cookie

TOWN = f"--township {demo_command.TOWNSHIP}"
ACCOUNT = re.compile(r"│ (\w+) +│ [-0-9a-z]{19} │")


@pytest.fixture(scope="module")
def demo(cluster: Cluster, town_template: str) -> Iterator[Engine]:
    """Town F as the demo loads it."""
    with (
        own_database(cluster, town_template, "demo") as engine,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
        load_demo.main()
        yield engine


def counted(engine: Engine, sql: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(sql)).scalar_one())


def test_the_towns_year_ends_yesterday(demo: Engine):
    with transaction(demo) as session:
        place = township(session)
        yesterday = local(datetime.now(UTC), place).date() - timedelta(1)
        assert session.scalar(text("SELECT max(visited_on) FROM visit")) == yesterday
        last_loaded = session.scalar(
            text("SELECT max(reported_at) FROM event WHERE code LIKE 'E%'")
        )
        assert local(last_loaded, place).date() <= yesterday
        week = text("SELECT count(*) FROM event WHERE reported_at > now() - interval '8 days'")
        assert session.scalar(week) > 20
        lately_there = session.scalar(
            text("SELECT count(*) FROM event WHERE reported_at > :day"),
            {"day": datetime.now(UTC) - timedelta(367)},
        )
        assert 3000 < lately_there < 3500


def test_the_papers_numbers_hold_as_of_its_day(demo: Engine):
    with transaction(demo) as session:
        place = township(session)
        plan = plan_in_force(session, place.id, AS_OF)
        total = summary.by_community(session, plan.id, AS_OF).total
    assert (total.basic, total.exclusive, total.residents) == (44, 9, 8003)
    assert total.events == 3340 == 3182 + 158
    assert counted(demo, "SELECT open_events FROM count_plan(1, '2023-08-31') "
                         "WHERE level = 'township'") == 49  # fmt: skip


def test_there_are_cases_open_soon_due_late_and_urgent(demo: Engine):
    of = (
        "SELECT count(DISTINCT c.id) FROM event_case c JOIN flow f ON f.id = c.flow_id "
        "LEFT JOIN case_clock k ON k.case_id = c.id AND k.flow_id = f.id AND k.name = 'total' "
        "WHERE c.open AND "
    )
    assert counted(demo, of + "k.due_at > now() AND k.yellow_at <= now()") >= 5
    assert counted(demo, of + "k.due_at < now()") >= 4
    assert counted(demo, of + "f.kind = 'emergency'") == 2
    assert counted(demo, of + "k.yellow_at > now()") >= 2
    # Nothing lies for years, and the work stands at several steps.
    assert counted(demo, of + "c.opened_at < now() - interval '60 days'") == 0
    assert counted(demo, "SELECT count(DISTINCT state) FROM event_case WHERE open") >= 4


def test_its_people_are_staff_and_log_in_for_their_own_work(
    demo: Engine, capsys: pytest.CaptureFixture[str]
):
    assert counted(
        demo,
        "SELECT count(*) FROM account k JOIN appointment p ON p.account_id = k.id "
        "JOIN team_member m ON m.staff_id = k.staff_id AND m.grid_code = p.grid_code "
        "WHERE k.name IN ('leader', 'worker', 'sinking', 'social')",
    ) == 4  # fmt: skip
    without = "SELECT count(*) FROM account WHERE password_hash IS NOT NULL AND staff_id IS NULL"
    assert counted(demo, without) == 1  # the resident
    assert counted(demo, "SELECT count(DISTINCT role) FROM appointment p JOIN account k "
                         "ON k.id = p.account_id WHERE k.password_hash IS NOT NULL") == 14  # fmt: skip


def test_what_people_call_a_corner_is_found(demo: Engine):
    with transaction(demo) as session:
        found = aliases.find(session, township(session).id, "石桥老供销社")
    assert [each.code for each in found] == ["99990100120100037"]


WALKED = ("o005", "worker", "dispatcher", "planner", "administrator", "auditor")
ROWS_OF = {
    "/cases/mine": "SELECT count(*) FROM case_holders(ARRAY(SELECT c.id FROM event_case c JOIN event e "
    "ON e.id = c.event_id WHERE e.closed_at IS NULL)) JOIN account k ON k.id = account_id WHERE k.name = :who",
    "/drafts": "SELECT count(*) FROM document_draft",
    "/matters/supplements": "SELECT count(*) FROM matter_supplement",
    "/matters/versions": "SELECT count(*) FROM matter WHERE consent IS NOT NULL",
    "/messages": "SELECT count(*) FROM outbox_delivery d JOIN account k ON k.id = d.account_id "
    "WHERE k.name = :who",
    "/office/accounts/": "SELECT count(*) FROM access_token",
    "/office/audit": "SELECT count(*) FROM audit_entry WHERE account_id IS NOT NULL",
    "/office/backups": "SELECT count(*) FROM backup",
    "/office/corrections": "SELECT count(*) FROM correction_request",
    "/office/documents": "SELECT count(*) FROM document_draft",
    "/collecting": "SELECT count(*) FROM collection_task",
    "/office/collections": "SELECT count(*) FROM collection_task",
    "/office/collections/1/answers": "SELECT count(*) FROM collection_answer",
    "/completeness/without": "SELECT count(*) FROM house WHERE id NOT IN (SELECT house_id FROM household)",
    "/office/means": "SELECT count(*) FROM means",
    "/office/jobs": "SELECT count(*) FROM job",
    "/office/township/weights": "SELECT count(*) FROM workload_weights",
    "/office/retention": "SELECT count(*) FROM retention_run",
    "/office/subjects": "SELECT count(*) FROM subject_request",
    "/register/aliases": "SELECT count(*) FROM alias",
    "/register/changes": "SELECT count(*) FROM register_entry",
}
"""Pages of which a table is empty in the demo, and the rows that would stand in it."""


@pytest.mark.thorough
@pytest.mark.parametrize("who", WALKED)
def test_no_table_is_empty_where_the_town_has_rows(demo: Engine, who: str):
    """Everything that a role is led to, in both forms of nothing: the words for it, and a bare table."""
    app = app_over(demo)
    with demo.connect() as connection:
        number = connection.scalar(text("SELECT id FROM account WHERE name = :n"), {"n": who})
    client, pages, empty = app.test_client(), set[str](), set[str]()
    name, _, value = session_cookie(app, demo, number).partition("=")
    client.set_cookie(name, value)

    def look(path: str, page: str) -> None:
        pages.add(path)
        if re.search(r'<div class="empty">|<tbody[^>]*>\s*</tbody>', page):
            empty.add(re.sub(r"\d+$", "", path))

    try:
        walk(app, client, look=look)
    finally:
        close(app)
    assert len(pages) >= 20
    # A page of what is to be done has nothing for who only looks; /components shows how nothing is said.
    empty -= {"/components", "/"} if who in ("auditor", "administrator") else set()
    with demo.connect() as connection:
        rows = {
            path: connection.scalar(text(ROWS_OF.get(path, "SELECT 1")), {"who": who})
            for path in empty
        }
    assert {path: count for path, count in rows.items() if count} == {}


@pytest.mark.thorough
def test_a_second_run_adds_nothing(demo: Engine):
    tables = (
        "event",
        "event_case",
        "case_step",
        "visit",
        "training",
        "account",
        "staff",
        "alias",
        "collection_task",
    )
    counts = " + ".join(f"(SELECT count(*) FROM {table})" for table in tables)
    before = counted(demo, f"SELECT {counts}")
    open_before = counted(demo, "SELECT count(*) FROM event WHERE closed_at IS NULL")
    load_demo.main()
    assert counted(demo, f"SELECT {counts}") == before
    assert counted(demo, "SELECT count(*) FROM event WHERE closed_at IS NULL") == open_before


@pytest.mark.parametrize("days", [1, 3, 40])
def test_a_town_is_carried_on_by_the_days_that_are_missing(days: int):
    last = date(2027, 1, 4)
    first = lately.first_day(last, last - timedelta(days))
    made = lately.events(demo_command.town_f(), first, last)
    assert made["reported_at"].min() >= first.isoformat()
    assert made["reported_at"].max() < (last + timedelta(1)).isoformat()
    assert made["closed_at"].max() < (last + timedelta(1)).isoformat()
    assert set(lately.visits(demo_command.town_f(), first, last)["visited_on"]) <= {
        str(first + timedelta(n)) for n in range(days)
    }
