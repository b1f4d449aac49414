"""How the ground goes from the stage into the store: areas, streets, parcels, grids of a plan."""

from __future__ import annotations

from gisgrid.register.target import Check, Stored, Target, upsert

# One pass per level, since a parent may stand in the same file. A row without a polygon leaves the
# one that is there.
_AREA_LEVELS = tuple(
    upsert(
        "area",
        "code",
        f"""SELECT s.code, s.level, s.name, s.name_en, p.id, coalesce(s.geometry, o.geom),
           s.geometry IS NULL AND coalesce(o.derived, false), :run
    FROM stage s LEFT JOIN area p ON p.code = s.parent LEFT JOIN area o ON o.code = s.code
    WHERE s.level = '{level}' ORDER BY s.code""",
        ("level", "name", "name_en", "parent_id", "geom", "derived"),
    )
    for level in ("county", "township", "community")
)


def _stored_grids(which: str, *, shown: bool = True) -> Stored:
    return Stored(
        ("code",),
        ("name", "kind", "community", "host"),
        f"""SELECT o.code, nullif(o.name, o.code) AS name, nullif(o.kind, 'basic') AS kind,
            o.community_id, o.host FROM grid o WHERE {which}""",
        shown,
    )


PLACE_TARGETS: dict[str, Target] = {
    "areas": Target(
        table="area",
        columns={
            "code": "text", "level": "text", "name": "text", "name_en": "text", "parent": "text",
            "geometry": "geometry(MultiPolygon, 4326)",
        },
        stored=(Stored(("code",), ("name_en",), "SELECT o.code, o.name_en FROM area o"),),
        checks=(
            # Areas come before any township says its scheme; the file itself shows it.
            Check(
                "code_short",
                "code",
                """SELECT s.row_no FROM stage s
                   JOIN (VALUES ('county', 6), ('township', 9), ('community', 12)) AS d(level, n)
                     ON d.level = s.level
                   WHERE s.code !~ ('^[0-9]{' || d.n || '}$') AND (
                       SELECT count(*) FILTER (WHERE o.code ~ ('^[0-9]{' || d.n || '}$'))
                              > 0.5 * count(*) FROM stage o WHERE o.level = s.level)""",
            ),
            Check(
                "unknown_parent",
                "parent",
                """SELECT s.row_no FROM stage s WHERE NOT coalesce(
                   (s.level = 'county' AND s.parent IS NULL)
                   OR (s.level <> 'county' AND (
                       EXISTS (SELECT FROM area a WHERE a.code = s.parent AND a.level =
                           CASE s.level WHEN 'township' THEN 'county' ELSE 'township' END)
                       OR EXISTS (SELECT FROM stage p WHERE p.code = s.parent AND p.level =
                           CASE s.level WHEN 'township' THEN 'county' ELSE 'township' END))),
                   false)""",
            ),
            Check(
                "code_level",
                "code",
                """SELECT s.row_no FROM stage s JOIN area a ON a.code = s.code
                   WHERE a.level <> s.level""",
            ),
        ),
        writes=_AREA_LEVELS,
    ),
    "streets": Target(
        table="street",
        columns={"code": "text", "name": "text", "geometry": "geometry(MultiLineString, 4326)"},
        writes=(
            upsert(
                "street",
                "township_id, code",
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
                "township_id, code",
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
            _stored_grids("o.plan_id = :plan"),
            # A grid keeps its code from plan to plan, and what the file does not say of it.
            _stored_grids(
                """o.plan_id = (SELECT based_on_id FROM plan WHERE id = :plan)
                AND NOT EXISTS (SELECT FROM grid g WHERE g.plan_id = :plan AND g.code = o.code)""",
                shown=False,
            ),
        ),
        checks=(
            Check(
                "unknown_community",
                "community",
                "SELECT row_no FROM stage WHERE community_id IS NULL",
            ),
            Check(
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
                "plan_id, code",
                """SELECT :plan, s.code, coalesce(s.name, s.code), coalesce(s.kind, 'basic'),
                   s.community_id, s.host, s.geometry, :run FROM stage s ORDER BY s.row_no""",
                ("name", "kind", "community_id", "host", "geom"),
            ),
        ),
    ),
}  # fmt: skip
"""Kind of file → where it goes."""
