"""How the rows of a list of matters go from the stage into the store: two levels, or three."""

from __future__ import annotations

from gisgrid.loading.target import RowCheck, Stored, Target, upsert

_LEVELS = "'{residents,grid,community,section,township}'::text[]"
_CLOCKS = ("file", "dispatch", "handle", "check", "answer")
_LIMITS = ", ".join(f"'{c}', s.{c}_limit" for c in _CLOCKS)
_STORED_LIMITS = ", ".join(f"m.limits ->> '{c}' AS {c}_limit" for c in _CLOCKS)
_COLUMNS = (
    "parent_id", "name", "name_en", "office", "time_limit", "limit_unit", "closing_rule",
    "filing_rule", "decider", "acts", "informs", "limits", "asks_photo", "duplicate_m",
    "duplicate_h", "skills", "note", "consent", "during",
)  # fmt: skip
_NOT_TOP = "EXISTS (SELECT FROM stage q WHERE q.code = s.parent AND q.parent IS NOT NULL)"
_ROWS = f"""
SELECT :matters, s.code, p.id, s.name, s.name_en, s.office, s.time_limit,
       s.limit_unit, s.closing_rule, s.filing_rule, s.decider, s.acts,
       coalesce(string_to_array(s.informs, ';'), ARRAY[]::text[]),
       jsonb_strip_nulls(jsonb_build_object({_LIMITS})),
       coalesce(s.asks_photo = 'yes', false), s.duplicate_m, s.duplicate_h,
       coalesce(string_to_array(s.skills, ';'), ARRAY[]::text[]), s.note, s.consent,
       CASE WHEN s.consent IS NOT NULL THEN s.span END, :run
FROM stage s LEFT JOIN matter p ON p.list_id = :matters AND p.code = s.parent
"""
# A parent may stand in the same file, so each level is a pass of its own, from the top down.
_PASSES = (
    f"{_ROWS} WHERE s.parent IS NULL ORDER BY s.row_no",
    f"{_ROWS} WHERE s.parent IS NOT NULL AND NOT {_NOT_TOP} ORDER BY s.row_no",
    f"{_ROWS} WHERE s.parent IS NOT NULL AND {_NOT_TOP} ORDER BY s.row_no",
)

MATTERS = Target(
    table="matter",
    columns={
        "code": "text",
        "parent": "text",
        "name": "text",
        "name_en": "text",
        "office": "text",
        "time_limit": "float8",
        "limit_unit": "text",
        "closing_rule": "text",
        "filing_rule": "text",
        "decider": "text",
        "acts": "text",
        "informs": "text",
        **{f"{clock}_limit": "text" for clock in _CLOCKS},
        "asks_photo": "text",
        "duplicate_m": "float8",
        "duplicate_h": "float8",
        "skills": "text",
        "note": "text",
        "consent": "text",
        "since": "date",
        "until": "date",
    },
    stored=(
        Stored(
            ("code",),
            (
                "parent",
                "name_en",
                "office",
                "time_limit",
                "limit_unit",
                "closing_rule",
                "filing_rule",
                "decider",
                "acts",
                "informs",
                *(f"{clock}_limit" for clock in _CLOCKS),
                "asks_photo",
                "duplicate_m",
                "duplicate_h",
                "skills",
                "note",
                "consent",
                "since",
                "until",
            ),
            f"""SELECT m.code, p.code AS parent, m.name_en, m.office, m.time_limit, m.limit_unit,
               m.closing_rule, m.filing_rule, m.decider, m.acts,
               nullif(array_to_string(m.informs, ';'), '') AS informs, {_STORED_LIMITS},
               CASE WHEN m.asks_photo THEN 'yes' END AS asks_photo, m.duplicate_m, m.duplicate_h,
               nullif(array_to_string(m.skills, ';'), '') AS skills, m.note, m.consent,
               lower(m.during) AS since, upper(m.during) - 1 AS until
            FROM matter m LEFT JOIN matter p ON p.id = m.parent_id WHERE m.list_id = :matters""",
        ),
    ),
    checks=(
        RowCheck(
            "code_level",
            "code",
            """SELECT s.row_no FROM stage s JOIN matter m ON m.list_id = :matters
               AND m.code = s.code WHERE (m.parent_id IS NULL) <> (s.parent IS NULL)""",
        ),
        # At most three levels: the parent is a top item, or a child of one.
        RowCheck(
            "unknown_parent",
            "parent",
            """WITH top AS (
                   SELECT code FROM stage WHERE parent IS NULL
                   UNION SELECT code FROM matter WHERE list_id = :matters AND parent_id IS NULL
               ), possible AS (
                   SELECT code FROM top
                   UNION SELECT code FROM stage WHERE parent IN (SELECT code FROM top)
                   UNION SELECT m.code FROM matter m JOIN matter p ON p.id = m.parent_id
                         WHERE m.list_id = :matters AND p.parent_id IS NULL
               )
               SELECT s.row_no FROM stage s WHERE s.parent IS NOT NULL
               AND (s.parent = s.code OR s.parent NOT IN (SELECT code FROM possible))""",
        ),
        RowCheck(
            "half_limit",
            "time_limit",
            "SELECT row_no FROM stage WHERE (time_limit IS NULL) <> (limit_unit IS NULL)",
        ),
        RowCheck(
            "half_consent",
            "consent",
            """SELECT row_no FROM stage WHERE num_nonnulls(consent, since, until) NOT IN (0, 3)
               OR since > until""",
        ),
        RowCheck(
            "levels",
            "informs",
            f"SELECT row_no FROM stage WHERE NOT string_to_array(informs, ';') <@ {_LEVELS}",
        ),
    ),
    writes=tuple(upsert("matter", ("list_id", "code"), rows, _COLUMNS) for rows in _PASSES),
)
