"""How the people above the grids go from the stage into the store: staff, account, appointment."""

from __future__ import annotations

from sqlalchemy import text

from gisgrid.core.roles import ROLES
from gisgrid.loading.target import UNTIL_FIRST, RowCheck, Stored, Target, Write, upsert
from gisgrid.loading.targets_teams import STORED_STAFF

_LEVELS = ", ".join(
    f"('{name}', '{level}')" for name, role in ROLES.items() for level in role.levels
)
# The area is the township, one of its communities, or the county above it.
_AREA = """JOIN area a ON a.code = s.area AND (a.id = :township OR a.parent_id = :township
           OR a.id = (SELECT parent_id FROM area WHERE id = :township))"""
# Log-in names are the whole store's: of two townships whose offices have one code, the one that comes
# second logs in as CODE@TOWNSHIP.
_LONG = "lower(s.code) || '@' || (SELECT lower(code) FROM area WHERE id = :township)"
_PLAIN_TAKEN = """EXISTS (SELECT FROM account k LEFT JOIN staff p ON p.id = k.staff_id
    WHERE k.name = lower(s.code) AND (p.township_id, p.code) IS DISTINCT FROM (:township, s.code))"""
_LONG_TAKEN = f"""EXISTS (SELECT FROM account k LEFT JOIN staff p ON p.id = k.staff_id
    WHERE k.name = {_LONG} AND (p.township_id, p.code) IS DISTINCT FROM (:township, s.code))"""
_ACCOUNT = """JOIN staff p ON p.township_id = :township AND p.code = s.code
           JOIN account k ON k.staff_id = p.id"""

OFFICE_TARGETS: dict[str, Target] = {
    "offices": Target(
        table="appointment",
        columns={
            "code": "text", "name": "text", "phone": "text", "body": "text", "role": "text",
            "area": "text", "since": "date", "until": "date",
        },
        key=("code", "role", "area", "since"),
        stored=(
            STORED_STAFF,
            Stored(
                ("code", "role", "area", "since"),
                ("until",),
                """SELECT p.code, m.role, a.code AS area, lower(m.during) AS since,
                   upper(m.during) - 1 AS until
                FROM appointment m JOIN account k ON k.id = m.account_id
                JOIN staff p ON p.id = k.staff_id AND p.township_id = :township
                JOIN area a ON a.id = m.area_id WHERE m.grid_code IS NULL""",
            ),
        ),
        checks=(
            UNTIL_FIRST,
            RowCheck(
                "unknown_area",
                "area",
                f"""SELECT row_no FROM stage WHERE row_no NOT IN (
                    SELECT s.row_no FROM stage s {_AREA}) ORDER BY row_no""",
            ),
            RowCheck(
                "role_level",
                "role",
                f"""SELECT s.row_no FROM stage s JOIN area a ON a.code = s.area
                    WHERE (s.role, a.level) NOT IN (VALUES {_LEVELS}) ORDER BY s.row_no""",
            ),
            # The code becomes the log-in name of an account that nobody can log in with yet.
            RowCheck(
                "login_code",
                "code",
                f"""SELECT s.row_no FROM stage s WHERE s.code !~ '^[[:alnum:]_.@-]{{2,64}}$'
                   OR {_PLAIN_TAKEN} AND ({_LONG_TAKEN} OR length({_LONG}) > 64)
                   ORDER BY s.row_no""",
            ),
            RowCheck(
                "login_long",
                "code",
                f"SELECT s.row_no FROM stage s WHERE {_PLAIN_TAKEN} ORDER BY s.row_no",
                keeps=True,
            ),
            RowCheck(
                "member_twice",
                "area",
                f"""SELECT s.row_no FROM stage s WHERE EXISTS (
                       SELECT FROM stage o WHERE (o.code, o.role, o.area) = (s.code, s.role, s.area)
                         AND o.row_no < s.row_no AND o.span && s.span)
                   UNION
                   SELECT s.row_no FROM stage s {_AREA} {_ACCOUNT}
                   JOIN appointment m ON (m.account_id, m.role, m.area_id) = (k.id, s.role, a.id)
                     AND m.grid_code IS NULL AND m.during && s.span AND lower(m.during) <> s.since
                   ORDER BY row_no""",
            ),
        ),
        writes=(
            upsert(
                "staff",
                ("township_id", "code"),
                """SELECT DISTINCT ON (s.code) :township, s.code, s.name, s.phone, s.body, :run
                FROM stage s ORDER BY s.code, s.row_no""",
                ("name", "phone", "body"),
            ),
            Write(text(f"""
WITH added AS (
    INSERT INTO account (name, display_name, staff_id, run_id)
    SELECT DISTINCT ON (s.code) CASE WHEN {_PLAIN_TAKEN} THEN {_LONG} ELSE lower(s.code) END,
           s.name, p.id, :run
    FROM stage s JOIN staff p ON p.township_id = :township AND p.code = s.code
    WHERE NOT EXISTS (SELECT FROM account k WHERE k.staff_id = p.id)
    ORDER BY s.code, s.row_no RETURNING 1
)
SELECT count(*) AS inserted, 0 AS updated FROM added
""")),
            # An appointment is named by account, role, area and first day; a new last day updates it.
            Write(text(f"""
WITH part AS (
    SELECT k.id AS account_id, s.role, a.id AS area_id, s.since, s.span
    FROM stage s {_AREA} {_ACCOUNT}
), changed AS (
    UPDATE appointment m SET during = part.span, run_id = :run FROM part
    WHERE (m.account_id, m.role, m.area_id, lower(m.during))
        = (part.account_id, part.role, part.area_id, part.since)
      AND m.grid_code IS NULL AND m.during <> part.span
    RETURNING 1
), added AS (
    INSERT INTO appointment (account_id, role, area_id, during, run_id)
    SELECT account_id, role, area_id, span, :run FROM part
    WHERE NOT EXISTS (SELECT FROM appointment m
        WHERE (m.account_id, m.role, m.area_id, lower(m.during))
            = (part.account_id, part.role, part.area_id, part.since) AND m.grid_code IS NULL)
    RETURNING 1
)
SELECT (SELECT count(*) FROM added) AS inserted, (SELECT count(*) FROM changed) AS updated
""")),
        ),
    ),
}  # fmt: skip
"""Kind of file → where it goes."""
