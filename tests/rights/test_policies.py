"""What the web process cannot see, asked of the store itself as ``gisgrid_web``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotAllowed, StoreUnavailable
from gisgrid.db.store import open_web_engine, transaction
from gisgrid.people.privacy.audit import verify
from gisgrid.people.unmask import open_events, open_staff
from tests.support.accounts import PERSONAL, acting, appointed, refused, web_engine
from tests.support.database import own_database
from tests.support.opened import open_residents
from tests.support.web import fill_town

A, B = "999901001001", "999901001002"
"""Codes of two communities of the filled town."""
YESTERDAY = date.today() - timedelta(days=2)  # noqa: DTZ011 - over in every time zone


@pytest.fixture(scope="module")
def store(cluster: Any, template: str) -> Iterator[Engine]:
    with own_database(cluster, template, "policies") as engine:
        with transaction(engine) as session:
            fill_town(session)
            for line in _PEOPLE.split(";\n"):
                session.execute(text(line))
        yield engine


@pytest.fixture(scope="module")
def web(store: Engine) -> Engine:
    return web_engine(store)


@pytest.fixture(scope="module")
def people(store: Engine) -> dict[str, int]:
    """Accounts by role; those of a community in A, those of a grid in its first."""
    with transaction(store) as session:
        grid = session.scalar(
            text("SELECT min(g.code) FROM grid g JOIN area a ON a.id = g.community_id "
                 "WHERE a.code = :code"), {"code": A}
        )  # fmt: skip
        town = session.scalar(text("SELECT code FROM area WHERE level = 'township'"))
        made = {"government": session.scalar(text("SELECT id FROM account"))}
        for role in ("community_clerk", "section_cadre"):
            made[role] = appointed(session, role, A)
        for role in ("grid_leader", "grid_worker", "sinking_force", "social_force", "resident"):
            made[role] = appointed(session, role, town, grid=grid)
        for role in ("dispatcher", "planner", "coordinator", "auditor", "administrator"):
            made[role] = appointed(session, role, town)
        made["retired"] = appointed(session, "community_clerk", A, name="retired", until=YESTERDAY)
        made["disabled"] = appointed(session, "community_clerk", A, name="disabled")
        session.execute(text("UPDATE account SET active = false WHERE name = 'disabled'"))
        made["nobody"] = -1
        return made


@pytest.mark.parametrize("who", ["government", "community_clerk", "auditor", None])
def test_no_personal_column_can_be_selected(web: Engine, people: dict[str, int], who: str | None):
    with acting(web, who and people[who]) as session:
        for table, columns in PERSONAL.items():
            refused(session, f"SELECT * FROM {table}")
            for column in columns:
                refused(session, f"SELECT {column} FROM {table}")
                refused(session, f"SELECT 1 FROM {table} WHERE {column} IS NOT NULL")
        refused(session, "SELECT old FROM history")
        refused(session, "SELECT file_name FROM import_run")
        for table in ("correction_request", "worker_position", "backup"):
            refused(session, f"SELECT 1 FROM {table}")
        refused(session, "SELECT answer FROM subject_request")


def test_what_the_web_reads_freely_is_named_and_it_owns_nothing(store: Engine):
    with transaction(store) as session:
        free = session.scalars(text(_UNPROTECTED)).all()
        owned = session.scalar(
            text(
                "SELECT count(*) FROM pg_class "
                "WHERE relowner IN ('gisgrid_web'::regrole, 'gisgrid_planner'::regrole, 'gisgrid_office'::regrole)"
            )
        )
        lending = session.scalars(text(_LENDING)).all()
    assert set(free) == {
        "address_key", "address_name", "address_street", "alembic_version", "area", "house", "house_change", "log_in_try",
        "parcel", "purpose", "role_right", "spatial_ref_sys", "station", "street",
        "flow", "flow_state", "flow_step",
    }  # fmt: skip
    assert owned == 0
    assert [name for name, reason in (line.split("|", 1) for line in lending) if not reason] == []


def test_the_web_is_no_superuser_and_an_owner_may_not_serve_it(store: Engine, web: Engine):
    open_web_engine(web.url.render_as_string(hide_password=False)).dispose()
    with pytest.raises(StoreUnavailable, match="may not enter"):
        open_web_engine(store.url.render_as_string(hide_password=False))


def test_the_web_writes_nowhere_but_its_own_log_in(web: Engine, people: dict[str, int]):
    with acting(web, people["government"]) as session:
        for table in ("resident", "household", "house", "event", "staff", "plan", "appointment",
                      "role_right", "purpose", "audit_entry"):  # fmt: skip
            refused(session, f"DELETE FROM {table}")
            refused(session, f"INSERT INTO {table} DEFAULT VALUES")
        refused(session, "UPDATE account SET active = true")
        refused(session, "UPDATE appointment SET role = 'administrator'")
        refused(session, "UPDATE audit_entry SET purpose = 'care'")
        refused(session, "TRUNCATE audit_entry")
        refused(session, "CREATE TABLE mine (a int)")
        refused(session, "ALTER TABLE resident DISABLE ROW LEVEL SECURITY")
        refused(session, "SET ROLE gisgrid_views")
        refused(session, "SET LOCAL session_replication_role = replica")


def communities_of(session: Session, table: str) -> set[str | None]:
    return set(session.scalars(text(_PLACE_OF[table])))


@pytest.mark.parametrize("table", ["household", "resident", "visit", "event", "masked_resident",
                                   "masked_household"])  # fmt: skip
def test_a_clerk_sees_the_own_community_and_nothing_of_the_next(
    web: Engine, people: dict[str, int], table: str
):
    with acting(web, people["community_clerk"]) as session:
        assert communities_of(session, table) == {A}
    with acting(web, people["government"]) as session:
        assert len(communities_of(session, table)) == 9


def test_a_worker_sees_one_grid(web: Engine, people: dict[str, int]):
    with acting(web, people["grid_worker"]) as session:
        grids = session.scalars(
            text(
                "SELECT DISTINCT g.code FROM masked_resident r JOIN household f ON f.id = r.household_id "
                "JOIN house_grid a ON a.house_id = f.house_id JOIN grid g ON g.id = a.grid_id"
            )
        ).all()
    assert len(grids) == 1


@pytest.mark.parametrize("who", ["retired", "disabled", "nobody", "resident", "planner",
                                 "administrator", "auditor", None])  # fmt: skip
def test_who_has_no_right_sees_no_person(web: Engine, people: dict[str, int], who: str | None):
    with acting(web, who and people[who]) as session:
        for table in ("household", "resident", "visit", "event", "masked_resident",
                      "masked_household", "masked_staff", "staff"):  # fmt: skip
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table


def test_masked_columns_show_what_the_rule_keeps(
    web: Engine, store: Engine, people: dict[str, int]
):
    with acting(web, people["community_clerk"]) as session:
        row = session.execute(
            text("SELECT * FROM masked_resident WHERE citizen_id IS NOT NULL ORDER BY id LIMIT 1")
        ).one()
        staff = session.execute(text("SELECT name, phone FROM masked_staff")).first()
    assert row.name == "测*"
    assert (row.citizen_id, row.phone, row.birth_year) == (
        "999901********0014",
        "199****0000",
        1961,
    )
    assert row.code == "R999901********0014"
    assert (staff.name, staff.phone) == ("测试网格长", "139****0000")
    with transaction(store) as session:
        session.execute(
            text(
                """UPDATE township SET masking =
                '{"citizen_id": [3, 4], "phone": [0, 2], "birth_date": "hidden"}'"""
            )
        )
    with acting(web, people["community_clerk"]) as session:
        row = session.execute(
            text("SELECT * FROM masked_resident WHERE citizen_id IS NOT NULL ORDER BY id LIMIT 1")
        ).one()
    with transaction(store) as session:
        session.execute(text("UPDATE township SET masking = '{}'"))
    assert (row.citizen_id, row.phone, row.birth_year) == (
        "999***********0014",
        "*********00",
        None,
    )


def entries(store: Engine) -> int:
    with transaction(store) as session:
        return session.scalar(text("SELECT count(*) FROM audit_entry")) or 0


def someone(session: Session) -> int:
    found = session.scalar(text("SELECT min(id) FROM masked_resident WHERE phone IS NOT NULL"))
    assert found is not None
    return int(found)


def test_opening_a_row_needs_a_purpose_and_leaves_one_entry(
    web: Engine, store: Engine, people: dict[str, int]
):
    before = entries(store)
    clerk = people["community_clerk"]
    for purpose in (None, "curiosity"):
        with pytest.raises(NotAllowed, match="purpose"), acting(web, clerk, purpose) as session:
            open_residents(session, [someone(session)])
    assert entries(store) == before
    with acting(web, clerk, "care") as session:
        one = someone(session)
        (row,) = open_residents(session, [one])
    assert (row.name, row.citizen_id, row.phone) == (
        "测试人甲",
        "999901196106030014",
        "19900000000",
    )
    assert row.birth_date == date(1961, 6, 3)
    assert entries(store) == before + 1
    with transaction(store) as session:
        entry = session.execute(text("SELECT * FROM audit_entry ORDER BY id DESC LIMIT 1")).one()
    assert (entry.account_id, entry.action, entry.subject) == (clerk, "unmask", "resident")
    assert (entry.row_ids, entry.purpose, entry.origin) == ([one], "care", "198.51.100.7")
    assert entry.account_name == f"community_clerk-{A}-"


def test_a_read_that_is_rolled_back_leaves_no_entry(
    web: Engine, store: Engine, people: dict[str, int]
):
    before = entries(store)
    with acting(web, people["community_clerk"], "care") as session:
        assert open_residents(session, [someone(session)])
        session.rollback()
    assert entries(store) == before


def test_who_reads_only_cannot_open_a_row(web: Engine, people: dict[str, int]):
    with acting(web, people["community_clerk"], "care", read_only=True) as session:
        with pytest.raises(DBAPIError) as caught:
            open_residents(session, [someone(session)])
        assert caught.value.orig.sqlstate == "25006"


@pytest.mark.parametrize("who", ["section_cadre", "sinking_force", "dispatcher", "planner", "retired",
                                 "nobody", "auditor", None])  # fmt: skip
def test_without_the_right_no_row_is_opened(
    web: Engine, store: Engine, people: dict[str, int], who: str | None
):
    with transaction(store) as session:
        everyone = list(session.scalars(text("SELECT id FROM resident")))
    before = entries(store)
    with pytest.raises(NotAllowed, match="right"), acting(web, who and people[who], "care") as s:
        open_residents(s, everyone)
    assert entries(store) == before


def test_rows_of_the_next_community_are_not_opened(
    web: Engine, store: Engine, people: dict[str, int]
):
    with transaction(store) as session:
        everyone = list(session.scalars(text("SELECT id FROM resident")))
        staff = list(session.scalars(text("SELECT id FROM staff")))
        events = list(session.scalars(text("SELECT id FROM event")))
    with acting(web, people["community_clerk"], "care") as session:
        opened = open_residents(session, everyone)
        mine = session.scalar(text("SELECT count(*) FROM masked_resident"))
        assert 0 < len(opened) == mine < len(everyone)
        assert {row.name for row in open_staff(session, staff)} == {"测试网格长"}
        told = open_events(session, events)
        assert 0 < len(told) < len(events)
        assert {(row.text, row.reporter) for row in told} == {("居民测试人来电", "测试人乙")}


def test_a_leader_is_named_to_everybody_and_no_other_staff_is(web: Engine):
    with acting(web, None) as session:
        assert set(session.scalars(text("SELECT name FROM grid_leader"))) == {"测试网格长"}


def test_an_alias_that_speaks_of_somebody_is_seen_where_they_may_be(
    web: Engine, store: Engine, people: dict[str, int]
):
    with transaction(store) as session:
        session.execute(text(_ALIASES), {"code": B})
    seen = "SELECT array_agg(words ORDER BY words) FROM alias"
    with acting(web, None) as session:
        assert session.scalar(text(seen)) == ["老供销社后面"]
    with acting(web, people["community_clerk"]) as session:
        assert session.scalar(text(seen)) == ["老供销社后面"]
    with acting(web, people["government"]) as session:
        assert len(session.scalar(text(seen))) == 3


def test_an_account_sees_itself_and_who_presents_its_name(web: Engine, people: dict[str, int]):
    count = text("SELECT count(*) FROM account")
    with acting(web, None) as session:
        assert session.scalar(count) == 0
        session.execute(text("SELECT set_config('gisgrid.log_in', 'retired', true)"))
        assert session.scalars(text("SELECT name FROM account")).all() == ["retired"]
    with acting(web, people["government"]) as session:
        assert session.scalars(text("SELECT id FROM account")).all() == [people["government"]]
        assert session.scalar(text("SELECT count(*) FROM account_listed")) == 0
    with acting(web, people["administrator"]) as session:
        assert session.scalar(text("SELECT count(*) FROM account_listed")) > 10
        assert session.scalar(count) == 1


def test_only_an_auditor_reads_the_audit(web: Engine, store: Engine, people: dict[str, int]):
    with acting(web, people["community_clerk"], "care") as session:
        open_residents(session, [someone(session)])
    for who, sees in (("auditor", True), ("community_clerk", False), ("administrator", False)):
        with acting(web, people[who]) as session:
            assert (session.scalar(text("SELECT count(*) FROM audit_entry")) > 0) is sees


def test_a_changed_entry_breaks_the_chain_and_a_lost_one_too(engine: Engine):
    with transaction(engine) as session:
        fill_town(session, houses=20, events=0)
        clerk = appointed(session, "township_government", name="gov")
        made = verify(session)
        assert (made.entries, made.broken) == (4, None), "two accounts and what they hold"
    web = web_engine(engine)
    for _ in range(4):
        with acting(web, clerk, "care") as session:
            ids = list(session.scalars(text("SELECT id FROM masked_resident LIMIT 2")))
            open_residents(session, ids)
    with transaction(engine) as session:
        whole = verify(session)
        assert (whole.entries, whole.broken) == (8, None)
    for tampering in (
        "UPDATE audit_entry SET row_ids = '{1}' WHERE id = 6",
        "UPDATE audit_entry SET purpose = 'event' WHERE id = 6",
        "UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE id = 6",
        "DELETE FROM audit_entry WHERE id = 6",
    ):
        with transaction(engine) as session:
            with pytest.raises(DBAPIError) as caught, session.begin_nested():
                session.execute(text(tampering))
            assert caught.value.orig.sqlstate == "42501", "not even for the owner"
            session.execute(text("SET LOCAL session_replication_role = replica"))
            session.execute(text(tampering))
            assert verify(session).broken == (7 if "DELETE" in tampering else 6)
            session.rollback()
    with transaction(engine) as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("DELETE FROM audit_entry WHERE id = 8"))
        # An end that was cut off shows only to who noted the last hash.
        assert verify(session).broken is None
        assert not verify(session, noted=whole.last_hash).noted_found
        session.rollback()
    with transaction(engine) as session:
        assert verify(session, noted=whole.last_hash).noted_found


_PLACE_OF = {
    "household": "SELECT DISTINCT a.code FROM household f JOIN house_grid h USING (house_id) "
    "JOIN grid g ON g.id = h.grid_id JOIN area a ON a.id = g.community_id",
    "masked_household": "SELECT DISTINCT a.code FROM masked_household f JOIN house_grid h USING (house_id) "
    "JOIN grid g ON g.id = h.grid_id JOIN area a ON a.id = g.community_id",
    "visit": "SELECT DISTINCT a.code FROM visit f JOIN house_grid h USING (house_id) "
    "JOIN grid g ON g.id = h.grid_id JOIN area a ON a.id = g.community_id",
    "resident": "SELECT DISTINCT a.code FROM resident r JOIN household f ON f.id = r.household_id "
    "JOIN house_grid h USING (house_id) JOIN grid g ON g.id = h.grid_id "
    "JOIN area a ON a.id = g.community_id",
    "masked_resident": "SELECT DISTINCT a.code FROM masked_resident r JOIN household f "
    "ON f.id = r.household_id JOIN house_grid h USING (house_id) JOIN grid g ON g.id = h.grid_id "
    "JOIN area a ON a.id = g.community_id",
    "event": "SELECT DISTINCT a.code FROM event e JOIN event_grid h ON h.event_id = e.id "
    "JOIN grid g ON g.id = h.grid_id JOIN area a ON a.id = g.community_id",
}
_PEOPLE = """
INSERT INTO visit (township_id, code, house_id, visited_on) SELECT township_id, 'V' || id, id, '2023-05-01' FROM house;
UPDATE event SET text = '居民测试人来电', address = '虚构路1号', reporter = '测试人乙';
UPDATE resident SET name = '测试人甲', citizen_id = '999901196106030014', phone = '19900000000',
       birth_date = '1961-06-03', code = 'R999901196106030014' WHERE id IN (
    SELECT min(r.id) FROM resident r JOIN household f ON f.id = r.household_id
    JOIN house_grid h USING (house_id) JOIN grid g ON g.id = h.grid_id
    JOIN area a ON a.id = g.community_id WHERE a.code = '999901001001')"""
_ALIASES = """
INSERT INTO alias (township_id, words, key, grams, house_id, added_by)
SELECT h.township_id, w.words, w.words, w.words, h.id, 'test'
FROM (SELECT h.id, h.township_id, r.name FROM house h JOIN house_grid a ON a.house_id = h.id
      JOIN grid g ON g.id = a.grid_id JOIN area c ON c.id = g.community_id AND c.code = :code
      JOIN household f ON f.house_id = h.id JOIN resident r ON r.household_id = f.id
      ORDER BY h.id LIMIT 1) h,
     LATERAL (VALUES ('老供销社后面'), ('李大爷家后面'), (h.name || '那里')) w(words)
"""
_UNPROTECTED = """
SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
  AND NOT c.relrowsecurity AND has_any_column_privilege('gisgrid_web', c.oid, 'SELECT') ORDER BY 1
"""
# Views and functions that lend the rights of their owner: held to the policies, or with a reason.
_LENDING = """
SELECT c.relname || '|' || coalesce(CASE WHEN c.relowner = 'gisgrid_views'::regrole THEN 'held' END,
                                    obj_description(c.oid, 'pg_class'), '')
FROM pg_class c WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT p.proname || '|' || coalesce(CASE WHEN p.proowner = 'gisgrid_views'::regrole THEN 'held' END,
                                    obj_description(p.oid, 'pg_proc'), '')
FROM pg_proc p WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""
