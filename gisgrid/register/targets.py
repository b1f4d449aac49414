"""How the good rows of each kind go from the stage into the store.

The stage is a temporary table of one load: the row's number in the file, its canonical columns, and
``community_id`` once names are resolved. Each target names its stage columns, the checks that need
the whole file or the store, and the statements that write. All SQL is fixed; values are parameters.
"""

from __future__ import annotations

from gisgrid.register.handling_targets import HANDLING_TARGETS
from gisgrid.register.matter_target import MATTERS
from gisgrid.register.office_targets import OFFICE_TARGETS
from gisgrid.register.target import Check, Target, upsert
from gisgrid.register.team_targets import TEAM_TARGETS, UNKNOWN_GRID, UNKNOWN_STAFF

_PLACE_COLUMNS = {
    "lon": "float8",
    "lat": "float8",
    "source_x": "float8",
    "source_y": "float8",
    "place": "text",
}
_POINT = (
    "CASE WHEN s.place = 'ok' THEN ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326) END, s.place, "
    "s.source_x, s.source_y"
)

_UNKNOWN_HOUSE = Check(
    "unknown_house",
    "house",
    """SELECT s.row_no FROM stage s WHERE NOT EXISTS (SELECT FROM house h
       WHERE h.township_id = :township AND h.code = s.house)""",
)
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

# What is done with a case here is its log's word: a file that comes again neither closes nor reopens it,
# and a pin that somebody moved stays. A case that another system handles follows the file.
_HANDLED = """LEFT JOIN event o ON o.township_id = :township AND o.code = s.code
    LEFT JOIN event_case c ON c.event_id = o.id LEFT JOIN flow f ON f.id = c.flow_id,
    LATERAL (SELECT c.id IS NOT NULL AND (f.kind <> 'imported' OR c.seq > 1) AS here,
        EXISTS (SELECT FROM case_step m WHERE m.case_id = c.id AND m.means = 'move') AS moved) h"""
_MOVED_HERE = (
    "CASE WHEN h.moved THEN o.geom WHEN s.place = 'ok' "
    "THEN ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326) END, "
    "CASE WHEN h.moved THEN o.place ELSE s.place END, "
    "CASE WHEN h.moved THEN o.source_x ELSE s.source_x END, "
    "CASE WHEN h.moved THEN o.source_y ELSE s.source_y END"
)

TARGETS: dict[str, Target] = {
    **TEAM_TARGETS,
    **OFFICE_TARGETS,
    **HANDLING_TARGETS,
    "areas": Target(
        table="area",
        columns={
            "code": "text", "level": "text", "name": "text", "name_en": "text", "parent": "text",
            "geometry": "geometry(MultiPolygon, 4326)",
        },
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
    "houses": Target(
        table="house",
        columns={"code": "text", "address": "text", "community": "text", **_PLACE_COLUMNS},
        community=True,
        placed=True,
        checks=(
            Check(
                "unknown_community",
                "community",
                "SELECT row_no FROM stage WHERE community IS NOT NULL AND community_id IS NULL",
                keeps=True,
            ),
        ),
        writes=(
            upsert(
                "house",
                "township_id, code",
                f"""SELECT :township, s.code, s.address, s.community_id, {_POINT}, :run
                FROM stage s ORDER BY s.row_no""",
                ("address", "community_id", "geom", "place", "source_x", "source_y"),
            ),
        ),
    ),
    "households": Target(
        table="household",
        columns={"code": "text", "house": "text", "room": "text", "verified_on": "date"},
        checks=(
            _UNKNOWN_HOUSE,
        ),
        writes=(
            upsert(
                "household",
                "township_id, code",
                """SELECT :township, s.code, h.id, s.room, s.verified_on, :run
                FROM stage s JOIN house h ON h.township_id = :township AND h.code = s.house
                ORDER BY s.row_no""",
                ("house_id", "room", "verified_on"),
            ),
        ),
    ),
    "residents": Target(
        table="resident",
        columns={
            "code": "text", "household": "text", "name": "text", "citizen_id": "text",
            "phone": "text", "sex": "text", "birth_date": "date", "needs": "text",
            "verified_on": "date",
        },
        checks=(
            Check(
                "unknown_household",
                "household",
                """SELECT s.row_no FROM stage s WHERE NOT EXISTS (SELECT FROM household h
                   WHERE h.township_id = :township AND h.code = s.household)""",
            ),
            Check(
                "person_twice",
                "citizen_id",
                """SELECT row_no FROM (
                       SELECT row_no, row_number() OVER (PARTITION BY citizen_id
                           ORDER BY row_no) AS nth
                       FROM stage WHERE citizen_id IS NOT NULL) n WHERE nth > 1
                   UNION
                   SELECT s.row_no FROM stage s JOIN resident r ON r.citizen_id = s.citizen_id
                   WHERE r.township_id = :township AND r.code <> s.code
                   ORDER BY row_no""",
                keeps=True,
            ),
        ),
        writes=(
            upsert(
                "resident",
                "township_id, code",
                """SELECT :township, s.code, h.id, s.name, s.citizen_id, s.phone, s.sex,
                   s.birth_date, coalesce(string_to_array(s.needs, ';'), '{}'), s.verified_on, :run
                FROM stage s JOIN household h ON h.township_id = :township AND h.code = s.household
                ORDER BY s.row_no""",
                (
                    "household_id", "name", "citizen_id", "phone", "sex", "birth_date", "needs",
                    "verified_on",
                ),
            ),
        ),
    ),
    "matters": MATTERS,
    "events": Target(
        table="event",
        columns={
            "code": "text", "matter": "text", "reported_at": "timestamptz",
            "due_at": "timestamptz", "closed_at": "timestamptz", "source": "text", "text": "text",
            "address": "text", "community": "text", **_PLACE_COLUMNS,
        },
        community=True,
        placed=True,
        checks=(
            # The minor items of the list in force on the day of the report, by code or by name.
            Check(
                "unknown_matter",
                "matter",
                """SELECT s.row_no FROM stage s WHERE s.matter_id IS NULL""",
            ),
            Check(
                "unknown_community",
                "community",
                "SELECT row_no FROM stage WHERE community IS NOT NULL AND community_id IS NULL",
                keeps=True,
            ),
        ),
        writes=(
            upsert(
                "event",
                "township_id, code",
                f"""SELECT :township, s.code, s.matter_id, s.reported_at, s.due_at,
                   CASE WHEN h.here THEN o.closed_at ELSE s.closed_at END,
                   s.source, s.text, s.address, s.community_id,
                   {_MOVED_HERE}, :run
                FROM stage s {_HANDLED} ORDER BY s.row_no""",
                (
                    "matter_id", "reported_at", "due_at", "closed_at", "source", "text", "address",
                    "community_id", "geom", "place", "source_x", "source_y",
                ),
            ),
        ),
    ),
    "visits": Target(
        table="visit",
        columns={"code": "text", "house": "text", "staff": "text", "visited_on": "date"},
        checks=(
            _UNKNOWN_HOUSE,
            UNKNOWN_STAFF,
        ),
        writes=(
            upsert(
                "visit",
                "township_id, code",
                """SELECT :township, s.code, h.id, p.id, s.visited_on, :run
                FROM stage s JOIN house h ON h.township_id = :township AND h.code = s.house
                LEFT JOIN staff p ON p.township_id = :township AND p.code = s.staff
                ORDER BY s.row_no""",
                ("house_id", "staff_id", "visited_on"),
            ),
        ),
    ),
    "stations": Target(
        table="station",
        columns={
            "code": "text", "name": "text", "kind": "text", "grid": "text", "address": "text",
            "since": "date", "until": "date", **_PLACE_COLUMNS,
        },
        placed=True,
        checks=(
            Check(
                "post_grid",
                "grid",
                "SELECT row_no FROM stage WHERE (kind = 'team_post') <> (grid IS NOT NULL)",
            ),
            UNKNOWN_GRID,
        ),
        writes=(
            upsert(
                "station",
                "township_id, code",
                f"""SELECT :township, s.code, s.name, s.kind, s.grid, s.address, s.span, {_POINT},
                   :run FROM stage s ORDER BY s.row_no""",
                (
                    "name", "kind", "grid_code", "address", "during", "geom", "place", "source_x",
                    "source_y",
                ),
            ),
        ),
    ),
}  # fmt: skip
