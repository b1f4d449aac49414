"""How the good rows of each kind go from the stage into the store.

The stage is a temporary table of one load: the row's number in the file, its canonical columns, and
``community_id`` once names are resolved. Each target names its stage columns, the checks that need
the whole file or the store, and the statements that write. All SQL is fixed; values are parameters.
"""

from __future__ import annotations

from gisgrid.loading.target import UNTIL_FIRST, RowCheck, Stored, Target, moved, upsert
from gisgrid.loading.targets_handling import HANDLING_TARGETS
from gisgrid.loading.targets_matters import MATTERS
from gisgrid.loading.targets_offices import OFFICE_TARGETS
from gisgrid.loading.targets_places import PLACE_TARGETS
from gisgrid.loading.targets_rounds import ROUNDS, UNKNOWN_HOUSE
from gisgrid.loading.targets_teams import TEAM_TARGETS, UNKNOWN_GRID, UNKNOWN_STAFF

_PLACE_COLUMNS = {
    "lon": "float8",
    "lat": "float8",
    "source_x": "float8",
    "source_y": "float8",
    "location_status": "text",
}
_POINT = (
    "CASE WHEN s.location_status = 'ok' THEN ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326) END, s.location_status, "
    "s.source_x, s.source_y"
)

_STORED_POINT = (
    "ST_X(o.geom) AS lon, ST_Y(o.geom) AS lat, o.source_x, o.source_y, o.location_status"
)

# What is done with a case here is its log's word: a file that comes again neither closes nor reopens it,
# and a pin that somebody moved stays. A case that another system handles follows the file.
_HANDLED_HERE = """LEFT JOIN event_case c ON c.event_id = o.id LEFT JOIN flow f ON f.id = c.flow_id,
    LATERAL (SELECT c.id IS NOT NULL AND (f.kind <> 'imported' OR c.seq > 1) AS here,
        EXISTS (SELECT FROM case_step m WHERE m.case_id = c.id AND m.means = 'move') AS moved) h"""
_HANDLED = f"""LEFT JOIN event o ON o.township_id = :township AND o.code = s.code
    {_HANDLED_HERE}"""
_MOVED_HERE = (
    "CASE WHEN h.moved THEN o.geom WHEN s.location_status = 'ok' "
    "THEN ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326) END, "
    "CASE WHEN h.moved THEN o.location_status ELSE s.location_status END, "
    "CASE WHEN h.moved THEN o.source_x ELSE s.source_x END, "
    "CASE WHEN h.moved THEN o.source_y ELSE s.source_y END"
)

TARGETS: dict[str, Target] = {
    **TEAM_TARGETS,
    **OFFICE_TARGETS,
    **HANDLING_TARGETS,
    **PLACE_TARGETS,
    "houses": Target(
        table="house",
        columns={"code": "text", "address": "text", "community": "text", **_PLACE_COLUMNS},
        community=True,
        placed=True,
        stored=(
            Stored(
                ("code",),
                ("community", "lon"),
                f"""SELECT o.code, o.community_id, {_STORED_POINT} FROM house o
                WHERE o.township_id = :township""",
            ),
        ),
        checks=(
            RowCheck(
                "unknown_community",
                "community",
                "SELECT row_no FROM stage WHERE community IS NOT NULL AND community_id IS NULL",
                keeps=True,
            ),
            RowCheck(
                "house_went",
                "code",
                """SELECT s.row_no FROM stage s WHERE EXISTS (SELECT FROM house_change c
                   WHERE c.township_id = :township AND c.code = s.code AND c.change IN ('gone', 'joined'))
                   AND NOT EXISTS (SELECT FROM house h WHERE h.township_id = :township AND h.code = s.code)""",
            ),
            moved("community", """SELECT s.row_no FROM stage s
                JOIN house o ON o.township_id = :township AND o.code = s.code
                WHERE o.community_id <> s.community_id"""),
        ),
        writes=(
            upsert(
                "house",
                ("township_id", "code"),
                f"""SELECT :township, s.code, s.address, s.community_id, {_POINT}, :run
                FROM stage s ORDER BY s.row_no""",
                ("address", "community_id", "geom", "location_status", "source_x", "source_y"),
            ),
        ),
    ),
    "households": Target(
        table="household",
        columns={"code": "text", "house": "text", "room": "text", "verified_on": "date"},
        stored=(
            Stored(
                ("code",),
                ("room", "verified_on"),
                "SELECT code, room, verified_on FROM household WHERE township_id = :township",
            ),
        ),
        checks=(
            UNKNOWN_HOUSE,
            moved("house", """SELECT s.row_no FROM stage s
                JOIN household f ON f.township_id = :township AND f.code = s.code
                JOIN house h ON h.id = f.house_id WHERE h.code <> s.house"""),
        ),
        writes=(
            upsert(
                "household",
                ("township_id", "code"),
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
        stored=(
            Stored(
                ("code",),
                ("citizen_id", "phone", "sex", "birth_date", "needs", "verified_on"),
                """SELECT code, citizen_id, phone, sex, birth_date,
                   nullif(array_to_string(needs, ';'), '') AS needs, verified_on
                FROM resident WHERE township_id = :township""",
            ),
        ),
        checks=(
            RowCheck(
                "unknown_household",
                "household",
                """SELECT s.row_no FROM stage s WHERE NOT EXISTS (SELECT FROM household h
                   WHERE h.township_id = :township AND h.code = s.household)""",
            ),
            moved("household", """SELECT s.row_no FROM stage s
                JOIN resident r ON r.township_id = :township AND r.code = s.code
                JOIN household f ON f.id = r.household_id WHERE f.code <> s.household"""),
            RowCheck(
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
                ("township_id", "code"),
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
        # What is decided here whatever a file says is not the file's to empty.
        stored=(
            Stored(
                ("code",),
                ("due_at", "closed_at", "source", "text", "address", "community", "lon"),
                f"""SELECT o.code, o.due_at, CASE WHEN NOT h.here THEN o.closed_at END AS closed_at,
                   o.source, o.text, o.address, o.community_id,
                   CASE WHEN NOT h.moved THEN ST_X(o.geom) END AS lon, ST_Y(o.geom) AS lat,
                   o.source_x, o.source_y, o.location_status
                FROM event o {_HANDLED_HERE} WHERE o.township_id = :township""",
            ),
        ),
        checks=(
            # The minor items of the list in force on the day of the report, by code or by name.
            RowCheck(
                "unknown_matter",
                "matter",
                """SELECT s.row_no FROM stage s WHERE s.matter_id IS NULL""",
            ),
            RowCheck(
                "closed_first",
                "closed_at",
                f"""SELECT s.row_no FROM stage s {_HANDLED}
                WHERE CASE WHEN h.here THEN o.closed_at ELSE s.closed_at END < s.reported_at""",
            ),
            RowCheck(
                "unknown_community",
                "community",
                "SELECT row_no FROM stage WHERE community IS NOT NULL AND community_id IS NULL",
                keeps=True,
            ),
        ),
        writes=(
            upsert(
                "event",
                ("township_id", "code"),
                f"""SELECT :township, s.code, s.matter_id, s.reported_at, s.due_at,
                   CASE WHEN h.here THEN o.closed_at ELSE s.closed_at END,
                   s.source, s.text, s.address, s.community_id,
                   {_MOVED_HERE}, :run
                FROM stage s {_HANDLED} ORDER BY s.row_no""",
                (
                    "matter_id", "reported_at", "due_at", "closed_at", "source", "text", "address",
                    "community_id", "geom", "location_status", "source_x", "source_y",
                ),
            ),
        ),
    ),
    "visits": Target(
        table="visit",
        columns={"code": "text", "house": "text", "staff": "text", "visited_on": "date"},
        stored=(
            Stored(
                ("code",),
                ("staff",),
                """SELECT v.code, p.code AS staff FROM visit v JOIN staff p ON p.id = v.staff_id
                WHERE v.township_id = :township""",
            ),
        ),
        checks=(
            UNKNOWN_HOUSE,
            UNKNOWN_STAFF,
        ),
        writes=(
            upsert(
                "visit",
                ("township_id", "code"),
                """SELECT :township, s.code, h.id, p.id, s.visited_on, :run
                FROM stage s JOIN house h ON h.township_id = :township AND h.code = s.house
                LEFT JOIN staff p ON p.township_id = :township AND p.code = s.staff
                ORDER BY s.row_no""",
                ("house_id", "staff_id", "visited_on"),
            ),
        ),
    ),
    "rounds": ROUNDS,
    "stations": Target(
        table="station",
        columns={
            "code": "text", "name": "text", "kind": "text", "grid": "text", "address": "text",
            "since": "date", "until": "date", **_PLACE_COLUMNS,
        },
        placed=True,
        stored=(
            Stored(
                ("code",),
                ("grid", "address", "since", "until", "lon"),
                f"""SELECT o.code, o.grid_code AS grid, o.address, lower(o.during) AS since,
                   upper(o.during) - 1 AS until, {_STORED_POINT} FROM station o
                WHERE o.township_id = :township""",
            ),
        ),
        checks=(
            RowCheck(
                "post_grid",
                "grid",
                "SELECT row_no FROM stage WHERE (kind = 'team_post') <> (grid IS NOT NULL)",
            ),
            UNTIL_FIRST,
            UNKNOWN_GRID,
        ),
        writes=(
            upsert(
                "station",
                ("township_id", "code"),
                f"""SELECT :township, s.code, s.name, s.kind, s.grid, s.address, s.span, {_POINT},
                   :run FROM stage s ORDER BY s.row_no""",
                (
                    "name", "kind", "grid_code", "address", "during", "geom", "location_status", "source_x",
                    "source_y",
                ),
            ),
        ),
    ),
}  # fmt: skip
