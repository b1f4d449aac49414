"""How assets, duty lists and the list of long-term problems go from the stage into the store."""

from __future__ import annotations

from sqlalchemy import text

from gisgrid.loading.target import UNTIL_FIRST, RowCheck, Stored, Target, Write, upsert
from gisgrid.loading.targets_teams import UNKNOWN_GRID, UNKNOWN_STAFF

HANDLING_TARGETS: dict[str, Target] = {
    "assets": Target(
        table="asset",
        columns={
            "code": "text", "name": "text", "grid": "text", "reason": "text", "since": "date",
            "until": "date", "lon": "float8", "lat": "float8", "source_x": "float8",
            "source_y": "float8", "location_status": "text", "reach_m": "float8",
        },
        placed=True,
        stored=(
            Stored(
                ("code",),
                ("reach_m", "since", "until", "lon"),
                """SELECT code, nullif(reach_m, 0) AS reach_m, lower(during) AS since,
                   upper(during) - 1 AS until, ST_X(geom) AS lon, ST_Y(geom) AS lat,
                   ST_X(geom) AS source_x, ST_Y(geom) AS source_y,
                   CASE WHEN geom IS NULL THEN 'unlocated' ELSE 'ok' END AS location_status
                FROM asset WHERE township_id = :township""",
            ),
        ),
        checks=(UNKNOWN_GRID, UNTIL_FIRST),
        writes=(
            upsert(
                "asset",
                ("township_id", "code"),
                """SELECT :township, s.code, s.name, s.grid, s.reason, CASE WHEN s.location_status = 'ok'
                   THEN ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326) END, coalesce(s.reach_m, 0),
                   s.span, :run FROM stage s ORDER BY s.row_no""",
                ("name", "grid_code", "reason", "geom", "reach_m", "during"),
            ),
        ),
    ),
    "duties": Target(
        table="duty",
        columns={
            "grid": "text", "micro_grid": "text", "staff": "text", "starts_at": "timestamptz",
            "ends_at": "timestamptz",
        },
        key=("grid", "micro_grid", "staff", "starts_at"),
        checks=(UNKNOWN_GRID, UNKNOWN_STAFF),
        # A duty is named by place, person and beginning; a new end updates it.
        writes=(
            Write(text("""
WITH part AS (
    SELECT s.grid, s.micro_grid, p.id AS staff_id, s.starts_at,
           tstzrange(s.starts_at, s.ends_at) AS span
    FROM stage s JOIN staff p ON p.township_id = :township AND p.code = s.staff
), changed AS (
    UPDATE duty d SET during = part.span, run_id = :run FROM part
    WHERE d.township_id = :township AND (d.grid_code, d.micro_grid, d.staff_id, lower(d.during))
        = (part.grid, part.micro_grid, part.staff_id, part.starts_at) AND d.during <> part.span
    RETURNING 1
), added AS (
    INSERT INTO duty (township_id, grid_code, micro_grid, staff_id, during, run_id)
    SELECT :township, part.grid, part.micro_grid, part.staff_id, part.span, :run FROM part
    WHERE NOT EXISTS (SELECT FROM duty d WHERE d.township_id = :township
        AND (d.grid_code, d.micro_grid, d.staff_id, lower(d.during))
            = (part.grid, part.micro_grid, part.staff_id, part.starts_at))
    RETURNING 1
)
SELECT (SELECT count(*) FROM added) AS inserted, (SELECT count(*) FROM changed) AS updated
""")),
        ),
    ),
    "problems": Target(
        table="open_problem",
        columns={
            "code": "text", "title": "text", "community": "text", "supervisor": "text",
            "opened_on": "date", "review_on": "date",
        },
        community=True,
        stored=(
            Stored(
                ("code",),
                ("community",),
                """SELECT t.code, t.community_id FROM open_problem t WHERE t.township_id = :township
                   AND NOT EXISTS (SELECT FROM problem_review r WHERE r.problem_id = t.id)""",
            ),
        ),
        checks=(
            RowCheck(
                "unknown_community",
                "community",
                "SELECT row_no FROM stage WHERE community IS NOT NULL AND community_id IS NULL",
            ),
        ),
        # Once somebody has looked, when to look again and whether it is solved is the word of who looked.
        writes=(
            Write(text("""
WITH done AS (
    INSERT INTO open_problem AS t
        (township_id, code, title, community_id, supervisor, opened_on, review_on, run_id)
    SELECT :township, s.code, s.title, s.community_id, s.supervisor, s.opened_on, s.review_on, :run
    FROM stage s ORDER BY s.row_no
    ON CONFLICT (township_id, code) DO UPDATE SET title = excluded.title,
        community_id = excluded.community_id, supervisor = excluded.supervisor,
        opened_on = excluded.opened_on, review_on = excluded.review_on, run_id = excluded.run_id
    WHERE (t.title, t.community_id, t.supervisor, t.opened_on, t.review_on) IS DISTINCT FROM
        (excluded.title, excluded.community_id, excluded.supervisor, excluded.opened_on,
         excluded.review_on)
      AND NOT EXISTS (SELECT FROM problem_review r WHERE r.problem_id = t.id)
    RETURNING (t.xmax = 0) AS fresh
)
SELECT count(*) FILTER (WHERE fresh) AS inserted, count(*) FILTER (WHERE NOT fresh) AS updated
FROM done
""")),
        ),
    ),
}  # fmt: skip
"""Kind of file → where it goes."""
