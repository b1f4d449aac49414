"""How the ground goes from the stage into the store: areas, streets, parcels, grids of a plan."""

from __future__ import annotations

from sqlalchemy import text

from gisgrid.loading.target import RowCheck, Stored, Target, Write, upsert

# One pass per level, since a parent may stand in the same file. A row without a polygon leaves the one that
# is there.
_AREAS = """
WITH part AS (
    SELECT s.area_id, s.code, s.level, s.name, s.name_en, p.id AS parent_id,
           coalesce(s.geometry, o.geom) AS geom,
           s.geometry IS NULL AND coalesce(o.derived, false) AS derived
    FROM stage s LEFT JOIN area p ON p.code = s.parent AND p.level = :above
    LEFT JOIN area o ON o.id = s.area_id WHERE s.level = :level
), changed AS (
    UPDATE area t SET (level, name, name_en, parent_id, geom, derived, run_id)
        = ROW (part.level, part.name, part.name_en, part.parent_id, part.geom, part.derived, :run)
    FROM part
    WHERE t.id = part.area_id AND (t.level, t.name, t.name_en, t.parent_id, t.geom, t.derived)
        IS DISTINCT FROM (part.level, part.name, part.name_en, part.parent_id, part.geom, part.derived)
    RETURNING 1
), added AS (
    INSERT INTO area (code, level, name, name_en, parent_id, geom, derived, run_id)
    SELECT code, level, name, name_en, parent_id, geom, derived, :run
    FROM part WHERE area_id IS NULL ORDER BY code, parent_id
    RETURNING 1
)
SELECT (SELECT count(*) FROM added) AS inserted, (SELECT count(*) FROM changed) AS updated
"""


def _area_level(level: str, above: str) -> Write:
    return Write(text(_AREAS).bindparams(level=level, above=above))


_MOVED_AREA = RowCheck(
    "moved",
    "parent",
    """SELECT s.row_no FROM stage s JOIN area o ON o.id = s.area_id
       JOIN area up ON up.id = o.parent_id WHERE up.code IS DISTINCT FROM s.parent""",
    moves=True,
)
_MOVED_GRID = RowCheck(
    "moved",
    "community",
    """SELECT s.row_no FROM stage s JOIN plan p ON p.id = :plan
       JOIN LATERAL (SELECT g.community_id FROM grid g
           WHERE g.plan_id IN (p.id, p.based_on_id) AND g.code = s.code
           ORDER BY g.plan_id = p.id DESC LIMIT 1) o ON o.community_id <> s.community_id""",
    moves=True,
)

PLACE_TARGETS: dict[str, Target] = {
    "areas": Target(
        table="area",
        columns={
            "code": "text", "level": "text", "name": "text", "name_en": "text", "parent": "text",
            "geometry": "geometry(MultiPolygon, 4326)",
        },
        # A community's code may be its township's own: then the township is a part of what names it.
        key=("code", "CASE WHEN level = 'community' AND code !~ '^[0-9]{12}$' THEN parent END"),
        stored=(Stored(("area_id",), ("name_en",), "SELECT id AS area_id, name_en FROM area"),),
        checks=(
            # Areas come before any township says its scheme; the file itself shows it.
            RowCheck(
                "code_short",
                "code",
                """SELECT s.row_no FROM stage s
                   JOIN (VALUES ('county', 6), ('township', 9), ('community', 12)) AS d(level, n)
                     ON d.level = s.level
                   WHERE s.code !~ ('^[0-9]{' || d.n || '}$') AND (
                       SELECT count(*) FILTER (WHERE o.code ~ ('^[0-9]{' || d.n || '}$'))
                              > 0.5 * count(*) FROM stage o WHERE o.level = s.level)""",
            ),
            # The codes of townships and counties are the whole store's, so no community bears one.
            RowCheck(
                "code_level",
                "code",
                """SELECT s.row_no FROM stage s JOIN area a ON a.code = s.code
                   WHERE a.level <> s.level
                   UNION
                   SELECT s.row_no FROM stage s JOIN stage o ON o.code = s.code
                   WHERE o.level <> s.level AND o.row_no < s.row_no ORDER BY row_no""",
            ),
            _MOVED_AREA,
            # From the top down: what hangs on a refused row hangs in the air.
            RowCheck(
                "unknown_parent",
                "parent",
                """WITH county AS (
                       SELECT code FROM area WHERE level = 'county'
                       UNION SELECT code FROM stage WHERE level = 'county' AND parent IS NULL
                   ), township AS (
                       SELECT code FROM area WHERE level = 'township'
                       UNION SELECT code FROM stage
                             WHERE level = 'township' AND parent IN (SELECT code FROM county)
                   )
                   SELECT s.row_no FROM stage s WHERE NOT coalesce(CASE s.level
                       WHEN 'county' THEN s.parent IS NULL
                       WHEN 'township' THEN s.parent IN (SELECT code FROM county)
                       ELSE s.parent IN (SELECT code FROM township) END, false)""",
            ),
        ),
        writes=(
            _area_level("county", "none"),
            _area_level("township", "county"),
            _area_level("community", "township"),
        ),
    ),
    "streets": Target(
        table="street",
        columns={"code": "text", "name": "text", "geometry": "geometry(MultiLineString, 4326)"},
        writes=(
            upsert(
                "street",
                ("township_id", "code"),
                "SELECT :township, s.code, s.name, s.geometry, :run FROM stage s ORDER BY s.row_no",
                ("name", "geom"),
            ),
        ),
    ),
    "parcels": Target(
        table="parcel",
        columns={"code": "text", "geometry": "geometry(MultiPolygon, 4326)"},
        writes=(
            upsert(
                "parcel",
                ("township_id", "code"),
                "SELECT :township, s.code, s.geometry, :run FROM stage s ORDER BY s.row_no",
                ("geom",),
            ),
        ),
    ),
    "grids": Target(
        table="grid",
        columns={
            "code": "text", "name": "text", "kind": "text", "community": "text", "host": "text",
            "geometry": "geometry(MultiPolygon, 4326)",
        },
        community=True,
        stored=(
            Stored(
                ("code",),
                ("name", "kind", "community", "host"),
                """SELECT o.code, nullif(o.name, o.code) AS name, nullif(o.kind, 'basic') AS kind,
                   o.community_id, o.host FROM grid o WHERE o.plan_id = :plan""",
            ),
            # A grid keeps its code from plan to plan, and what the file does not say of it.
            Stored(
                ("code",),
                ("name", "kind", "community", "host"),
                """SELECT o.code, nullif(o.name, o.code) AS name, nullif(o.kind, 'basic') AS kind,
                   o.community_id, o.host FROM grid o
                   WHERE o.plan_id = (SELECT based_on_id FROM plan WHERE id = :plan)
                   AND NOT EXISTS (SELECT FROM grid g WHERE g.plan_id = :plan AND g.code = o.code)""",
                shown=False,
            ),
        ),
        checks=(
            RowCheck(
                "unknown_community",
                "community",
                "SELECT row_no FROM stage WHERE community_id IS NULL",
            ),
            _MOVED_GRID,
            RowCheck(
                "code_community",
                "code",
                """SELECT s.row_no FROM stage s JOIN area c ON c.id = s.community_id
                   WHERE :scheme = 'gb' AND length(s.code) IN (15, 20)
                   AND left(s.code, 12) <> c.code""",
            ),
        ),
        writes=(
            upsert(
                "grid",
                ("plan_id", "code"),
                """SELECT :plan, s.code, coalesce(s.name, s.code), coalesce(s.kind, 'basic'),
                   s.community_id, s.host, s.geometry, :run FROM stage s ORDER BY s.row_no""",
                ("name", "kind", "community_id", "host", "geom"),
            ),
        ),
    ),
}  # fmt: skip
"""Kind of file → where it goes."""
