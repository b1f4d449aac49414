"""A small town in which something waits for everybody who logs in."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.bulk import open_loaded
from tests.support.accounts import appointed
from tests.support.web import fill_town

TOWNSHIP, COMMUNITY, COUNTY = "999901001", "999901001001", "999901"
GRID = "999901001001001"
# A third of the events is open: the 30 whose number is a multiple of three.
WAITING = """
UPDATE event SET due_at = now() - interval '1 day' WHERE substr(code, 2)::int % 9 = 0;
UPDATE event SET due_at = now() + interval '9 days' WHERE substr(code, 2)::int % 9 = 3;
UPDATE event SET reported_at = now() - interval '1 day' * (ARRAY[0, 2, 5, 12, 29, 40, 60, 83, 90, 200])[1 + substr(code, 2)::int / 9]
WHERE substr(code, 2)::int % 9 = 3;
DELETE FROM event_grid USING event e WHERE e.id = event_id AND e.code IN ('E3', 'E6', 'E12');
UPDATE household SET verified_on = current_date WHERE id % 2 = 0;
INSERT INTO visit (township_id, code, house_id, visited_on)
SELECT township_id, 'V' || id, id, current_date FROM house WHERE id % 5 = 0;
DELETE FROM resident WHERE household_id IN (7, 8, 9);
DELETE FROM household WHERE id IN (7, 8, 9);
UPDATE account SET staff_id = (SELECT min(id) FROM staff) WHERE name = 'grid_leader';
UPDATE account SET tf_primary_method = 'authenticator' WHERE name IN ('planner', 'dispatcher');
INSERT INTO plan (township_id, name, state, based_on_id)
SELECT township_id, word, made.state, id FROM plan, (VALUES ('草稿一', 'draft'), ('草稿二', 'draft'),
    ('退回的', 'returned'), ('待审的', 'in_review'), ('已通知的', 'notified')) AS made (word, state) WHERE validity IS NOT NULL;
INSERT INTO plan_step (plan_id, from_state, to_state, who, reason)
SELECT id, 'in_review', 'returned', '测审核', '边界不清' FROM plan WHERE state = 'returned';
INSERT INTO register_entry (township_id, house_id, kind, account_id, who, state)
SELECT h.township_id, h.id, 'household_in', a.id, '测试', 'waiting' FROM house h, account a
WHERE a.name = 'grid_leader' AND h.id % 4 = 0;
INSERT INTO correction_request (township_id, table_name, row_id, column_name, proposed, asked_by)
SELECT h.township_id, 'household', f.id, 'room', '2', '测试' FROM household f JOIN house h ON h.id = f.house_id;
INSERT INTO subject_request (township_id, resident_id, noted_by, due_on)
SELECT r.township_id, r.id, '测', current_date + CASE WHEN r.id = (SELECT min(id) FROM resident) THEN -1 ELSE 9 END
FROM (SELECT * FROM resident ORDER BY id LIMIT 3) r;
INSERT INTO document (township_id, code, title, roles) SELECT area_id, 'D1', '测试通知', '{}' FROM township;
INSERT INTO document_version (document_id, number, file_name, media_type, content, sha256, issued_on, issued_by)
SELECT id, 1, 'a.txt', 'text/plain', 'a', repeat('a', 64), current_date, 'test' FROM document
"""


def waiting_town(session: Session) -> None:
    """Nine grids and 40 houses with an account of each role, named as the role."""
    town = fill_town(session, columns=3, rows=3, houses=40, events=90)
    places: dict[str, dict[str, str]] = {
        "dispatcher": {"area": TOWNSHIP},
        "township_government": {"area": TOWNSHIP},
        "community_clerk": {"area": COMMUNITY},
        "section_cadre": {"area": COMMUNITY},
        "grid_leader": {"area": TOWNSHIP, "grid": GRID},
        "planner": {"area": TOWNSHIP},
        "county_reviewer": {"area": COUNTY},
        "administrator": {"area": TOWNSHIP},
        "resident": {"area": COMMUNITY},
    }
    for role, where in places.items():
        appointed(session, role, where["area"], grid=where.get("grid"), name=role)
    for statement in WAITING.split(";\n"):
        session.execute(text(statement))
    open_loaded(session, town.township_id)
