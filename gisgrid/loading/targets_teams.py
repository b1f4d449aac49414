"""How staff with their parts in teams, and their training, go from the stage into the store."""

from __future__ import annotations

from sqlalchemy import text

from gisgrid.loading.target import UNTIL_FIRST, RowCheck, Stored, Target, Write, upsert

UNKNOWN_GRID = RowCheck(
    "unknown_grid",
    "grid",
    """SELECT s.row_no FROM stage s WHERE s.grid IS NOT NULL AND NOT EXISTS (
       SELECT FROM grid g JOIN plan p ON p.id = g.plan_id
       WHERE p.township_id = :township AND g.code = s.grid)""",
)
UNKNOWN_STAFF = RowCheck(
    "unknown_staff",
    "staff",
    """SELECT s.row_no FROM stage s WHERE s.staff IS NOT NULL AND NOT EXISTS (
       SELECT FROM staff p WHERE p.township_id = :township AND p.code = s.staff)""",
)

STORED_STAFF = Stored(
    ("code",),
    ("phone", "body"),
    "SELECT code, phone, body FROM staff WHERE township_id = :township",
)

TEAM_TARGETS: dict[str, Target] = {
    "staff": Target(
        table="staff",
        columns={
            "code": "text", "name": "text", "phone": "text", "body": "text", "grid": "text",
            "role": "text", "since": "date", "until": "date",
        },
        key=("code", "grid", "role", "since"),
        stored=(
            STORED_STAFF,
            Stored(
                ("code", "grid", "role", "since"),
                ("until",),
                """SELECT p.code, m.grid_code AS grid, m.role, lower(m.during) AS since,
                   upper(m.during) - 1 AS until
                FROM team_member m JOIN staff p ON p.id = m.staff_id
                WHERE m.township_id = :township""",
            ),
        ),
        checks=(
            UNKNOWN_GRID,
            UNTIL_FIRST,
            RowCheck(
                "half_part",
                "role",
                "SELECT row_no FROM stage WHERE (grid IS NULL) <> (role IS NULL)"
                " OR (grid IS NOT NULL AND since IS NULL)",
            ),
            RowCheck(
                "two_leaders",
                "grid",
                """SELECT s.row_no FROM stage s WHERE s.role = 'leader' AND (
                   EXISTS (SELECT FROM stage o WHERE o.role = 'leader' AND o.grid = s.grid
                       AND o.row_no < s.row_no AND o.span && s.span)
                   OR EXISTS (SELECT FROM team_member m JOIN staff p ON p.id = m.staff_id
                       WHERE m.township_id = :township AND m.role = 'leader'
                       AND m.grid_code = s.grid AND m.during && s.span
                       AND (p.code, lower(m.during)) <> (s.code, s.since)))""",
            ),
            RowCheck(
                "member_twice",
                "grid",
                """SELECT s.row_no FROM stage s WHERE s.role IS NOT NULL AND (
                   EXISTS (SELECT FROM stage o WHERE (o.code, o.grid, o.role)
                       = (s.code, s.grid, s.role) AND o.row_no < s.row_no AND o.span && s.span)
                   OR EXISTS (SELECT FROM team_member m JOIN staff p ON p.id = m.staff_id
                       WHERE m.township_id = :township AND (p.code, m.grid_code, m.role)
                       = (s.code, s.grid, s.role) AND m.during && s.span
                       AND lower(m.during) <> s.since))""",
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
            # A part is named by person, grid, role and first day; a new last day updates it.
            Write(text("""
WITH part AS (
    SELECT p.id AS staff_id, s.grid, s.role, s.since, s.span
    FROM stage s JOIN staff p ON p.township_id = :township AND p.code = s.code
    WHERE s.grid IS NOT NULL
), changed AS (
    UPDATE team_member m SET during = part.span, run_id = :run FROM part
    WHERE (m.staff_id, m.grid_code, m.role, lower(m.during))
        = (part.staff_id, part.grid, part.role, part.since) AND m.during <> part.span
    RETURNING m.id
), added AS (
    INSERT INTO team_member (township_id, staff_id, grid_code, role, during, run_id)
    SELECT :township, part.staff_id, part.grid, part.role, part.span, :run FROM part
    WHERE NOT EXISTS (SELECT FROM team_member m
        WHERE (m.staff_id, m.grid_code, m.role, lower(m.during))
            = (part.staff_id, part.grid, part.role, part.since))
    RETURNING id
)
SELECT (SELECT count(*) FROM added) AS inserted, (SELECT count(*) FROM changed) AS updated
""")),
        ),
    ),
    "trainings": Target(
        table="training_attendee",
        columns={
            "code": "text", "course": "text", "kind": "text", "held_on": "date",
            "hours": "float8", "expires_on": "date", "staff": "text",
        },
        key=("code", "staff"),
        stored=(
            Stored(
                ("code",),
                ("kind", "expires_on"),
                """SELECT code, nullif(kind, 'training') AS kind, expires_on FROM training
                WHERE township_id = :township""",
            ),
        ),
        checks=(
            UNKNOWN_STAFF,
            RowCheck(
                "until_first",
                "expires_on",
                "SELECT row_no FROM stage WHERE expires_on < held_on",
            ),
            RowCheck(
                "not_held",
                "held_on",
                "SELECT row_no FROM stage WHERE held_on > today_in(:township)",
            ),
            # One row per person: what they say of the course must be one thing.
            RowCheck(
                "training_differs",
                "code",
                """SELECT row_no FROM (
                       SELECT row_no, (course, kind, held_on, hours, expires_on) IS DISTINCT FROM
                           first_value((course, kind, held_on, hours, expires_on)) OVER (
                               PARTITION BY code ORDER BY row_no) AS differs
                       FROM stage) n WHERE differs ORDER BY row_no""",
            ),
        ),
        writes=(
            upsert(
                "training",
                ("township_id", "code"),
                """SELECT DISTINCT ON (s.code) :township, s.code, s.course,
                   coalesce(s.kind, 'training'), s.held_on, s.hours, s.expires_on, :run
                FROM stage s ORDER BY s.code, s.row_no""",
                ("course", "kind", "held_on", "hours", "expires_on"),
            ),
            Write(text("""
WITH added AS (
    INSERT INTO training_attendee (training_id, staff_id, run_id)
    SELECT t.id, p.id, :run FROM stage s
    JOIN training t ON t.township_id = :township AND t.code = s.code
    JOIN staff p ON p.township_id = :township AND p.code = s.staff
    ON CONFLICT DO NOTHING RETURNING 1
)
SELECT (SELECT count(*) FROM added) AS inserted, 0 AS updated
""")),
        ),
    ),
    "receipts": Target(
        table="read_receipt",
        columns={
            "document": "text", "version": "float8", "staff": "text", "read_at": "timestamptz",
        },
        key=("document", "version", "staff"),
        checks=(
            UNKNOWN_STAFF,
            RowCheck(
                "unknown_document",
                "document",
                """SELECT s.row_no FROM stage s WHERE NOT EXISTS (
                   SELECT FROM document d JOIN document_version v ON v.document_id = d.id
                   WHERE d.township_id = :township AND d.code = s.document
                     AND v.number = s.version)""",
            ),
        ),
        # The first time that somebody read it stays.
        writes=(
            Write(text("""
WITH added AS (
    INSERT INTO read_receipt (version_id, staff_id, read_at, run_id)
    SELECT v.id, p.id, s.read_at, :run FROM stage s
    JOIN document d ON d.township_id = :township AND d.code = s.document
    JOIN document_version v ON v.document_id = d.id AND v.number = s.version
    JOIN staff p ON p.township_id = :township AND p.code = s.staff
    ON CONFLICT DO NOTHING RETURNING 1
)
SELECT (SELECT count(*) FROM added) AS inserted, 0 AS updated
""")),
        ),
    ),
}  # fmt: skip
"""Kind of file → where it goes."""
