"""Town F with something in every list that leaves as a workbook, and a role that may take it all away."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases import refused_requests
from gisgrid.cases.cases import SYSTEM, open_case
from gisgrid.cases.flow import keep_own_flows
from gisgrid.cases.open_problems import add_problem
from gisgrid.core.messages import Both, packed
from gisgrid.core.plans import plan_in_force, township
from gisgrid.locate.addresses import alias_book
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.people.learning import documents
from gisgrid.people.learning.training import Course, record
from gisgrid.people.privacy import corrections
from gisgrid.planning.editor import scenarios
from gisgrid.planning.settings.townships import change_township
from tests.support.accounts import appointed

GRID, COMMUNITY = "999901001207002", "999901001207"
DAYS = "since=2022-09-01&until=2023-08-31"
IN_DAYS = "reported_at >= '2022-09-01 00:00+8' AND reported_at < '2023-09-01 00:00+8'"


def fill_lists(session: Session) -> dict[str, int]:
    """Fill Town F up; the accounts by name: the government with every right of lists, and a clerk."""
    place = township(session)
    keep_own_flows(session)
    index_addresses(session, place.id)
    for right in ("load", "plan", "administer", "check_register", "audit"):
        session.execute(
            text(
                "INSERT INTO role_right VALUES ('township_government', :r) ON CONFLICT DO NOTHING"
            ),
            {"r": right},
        )
    # More than any page shows at once.
    events = text(f"SELECT id FROM event WHERE {IN_DAYS} ORDER BY id LIMIT 510")
    for number in session.scalars(events):
        open_case(session, number, SYSTEM)
    refused_requests.demand(
        session, place.id, "9999", asked_by="测试办", at=datetime(2023, 5, 2, 9, tzinfo=UTC)
    )
    record(
        session,
        place.id,
        Course("T1", "消防", date(2023, 1, 5), 6.5),
        [_staff(session)],
        day=date(2023, 1, 5),
    )
    documents.issue(
        session, place.id, "D1", file_name="a.txt", content=b"1", title="手册",
        day=date(2023, 8, 1), who="test",
    )  # fmt: skip
    for code, title in (("L1", "管网老化"), ("L2", '=HYPERLINK("http://x","y")')):
        add_problem(
            session, place.id, code=code, title=title, supervisor="测试",
            opened_on=date(2023, 1, 1), review_on=date(2023, 8, 1),
        )  # fmt: skip
    draft = scenarios.branch(session, plan_in_force(session, place.id), name="草案甲", who="测试")
    session.execute(
        text(
            "INSERT INTO job (plan_id, kind, options, who, state, failed, ended_at) "
            "VALUES (:p, 'check', '{}', '测试', 'failed', :why, now())"
        ),
        {"p": draft.id, "why": packed(Both("It broke off.", "中断了。"))},
    )
    government = appointed(session, "township_government", name="government")
    clerk = appointed(session, "community_clerk", COMMUNITY, name="clerk")
    session.execute(
        text(
            "INSERT INTO backup (path, size, sha256, keep_until) "
            "VALUES ('/srv/secret-place/town.dump', 12345678, repeat('ab', 32), current_date - 1)"
        )
    )
    resident = session.scalar(
        text(
            "SELECT min(r.code) FROM resident r JOIN household f ON f.id = r.household_id "
            "JOIN house_grid a ON a.house_id = f.house_id JOIN grid g ON g.id = a.grid_id WHERE g.code = :g"
        ),
        {"g": GRID},
    )
    corrections.ask(
        session, place.id, table="resident", code=resident or "", column="name", proposed="测更名",
        asked_by="虚拟亲属",
    )  # fmt: skip
    session.execute(text(_WAITS), {"t": place.id, "a": clerk, "g": GRID})
    session.execute(text(_MEANS), {"t": place.id})
    alias_book.keep(session, place.id, "样本亭", point=(120.9, 40.7))
    for statement in _COLLECTED.split(";\n"):
        session.execute(text(statement), {"t": place.id, "g": GRID, "a": clerk})
    session.execute(text(_RULE), {"t": place.id, "c": COMMUNITY})
    change_township(session, place.code, ["keeping.messages=179"])
    return {"government": government, "clerk": clerk}


def _staff(session: Session) -> str:
    return str(session.scalar(text("SELECT min(code) FROM staff")))


_WAITS = """
INSERT INTO register_entry (township_id, house_id, kind, account_id, who, state, said)
SELECT :t, min(f.house_id), 'resident_in', :a, '测试', 'waiting', '{"name": "试某某", "phone": "19900001111"}'
FROM household f JOIN house_grid a ON a.house_id = f.house_id JOIN grid g ON g.id = a.grid_id
WHERE g.code = :g
"""
_MEANS = """
INSERT INTO means (township_id, area_id, kind, name, amount, during, noted_by)
SELECT :t, a.id, 'funds', '工作经费', 12000.5, daterange('2020-01-01', NULL), '测试' FROM area a WHERE :t IN (a.id, a.parent_id)
"""
_COLLECTED = """
INSERT INTO collection_task (id, township_id, title, purpose, fields, grids, due_on, state, made_by, opened_at)
VALUES (1, :t, '用水普查', 'care', '{resident.phone}', ARRAY[:g], '2099-12-31', 'open', '测试', now());
INSERT INTO collection_question (id, task_id, number, name, kind, label) VALUES (1, 1, 1, 'q1', 'text', '水管');
INSERT INTO collection_answer (township_id, task_id, question_id, house_id, value, account_id, who, client_id)
SELECT :t, 1, 1, a.house_id, '铁', :a, '测试', a.house_id::text FROM house_grid a JOIN grid g ON g.id = a.grid_id
JOIN plan p ON p.id = a.plan_id AND p.state = 'published' WHERE g.code = :g AND a.house_id % 2 = 0;
DELETE FROM resident WHERE household_id IN (SELECT f.id FROM household f WHERE f.house_id = (
    SELECT min(house_id) FROM household));
DELETE FROM household WHERE house_id = (SELECT min(house_id) FROM household)
"""
_RULE = """
INSERT INTO matter_supplement (township_id, community_id, code, text, during, state, written_by)
SELECT :t, c.id, '0101', '集市日加强巡查', daterange('2020-01-01', NULL), 'waiting', '测试' FROM area c WHERE c.code = :c
"""
