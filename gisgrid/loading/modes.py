"""What a file does with what is stored already: leaves it, changes it, or ends what the file does not name.

What ends gets its last day and stays in the store, so that taking the load back gives it its days again. Houses,
households and people end by nobody's list: who moved away is noted at the door.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import BigInteger, Select, and_, bindparam, select, text

from gisgrid.core.errors import Conflict, Invalid
from gisgrid.db.tables import Base
from gisgrid.files.findings import Findings
from gisgrid.loading.stage import Stage

ADD, UPDATE, REPLACE = "add", "update", "replace"
MODES = (ADD, UPDATE, REPLACE)


def modes_of(kind: str) -> tuple[str, ...]:
    """The modes that a kind of file knows, in the order of `MODES`; `UPDATE` is always one."""
    there = {ADD: kind in _BY_CODE or kind in _THERE, UPDATE: True, REPLACE: kind in _ENDING}
    return tuple(mode for mode in MODES if there[mode])


def refuse_mode(kind: str, mode: str) -> None:
    """Raise Invalid where a kind of file does not know a mode."""
    if mode not in modes_of(kind):
        raise Invalid(
            "A file of the kind {kind} knows the modes {known}, not {mode!r}.",
            kind=kind, known=list(modes_of(kind)), mode=mode[:20],
        )  # fmt: skip


def refuse_other_ends(found: int, told: int | None) -> None:
    """Raise Conflict where another number of stored rows would end than somebody agreed to; None: to none."""
    if found != (told or 0):
        raise Conflict(
            "{found} stored rows would end, and {told} were agreed to: look at a dry run, and agree to its number.",
            found=found, told=told or 0,
        )  # fmt: skip


def leave_stored(stage: Stage, kind: str, noted: Findings) -> None:
    """Take rows out of the stage that are stored already, and note them: the file only adds."""
    if kind == "staff":
        stage.session.execute(text(_KNOWN_STAFF), stage.values)
    there = text(_THERE[kind]) if kind in _THERE else _same_code(stage, _BY_CODE[kind])
    rows = stage.session.scalars(there, stage.values).all()
    noted.add("stored_already", "", rows)
    stage.session.execute(text("DELETE FROM stage WHERE row_no = ANY(:rows)"), {"rows": list(rows)})


def end_others(
    stage: Stage, kind: str, check: Callable[[Findings, Findings], None],
    rejected: Findings, noted: Findings,
) -> int:  # fmt: skip
    """End what is stored and in force today and the file does not name, and check the rows; how many ended.

    A list with refused rows is not whole, and ends nothing. What ends does so before the rows are checked,
    since who follows somebody begins as the other ends.

    Parameters
    ----------
    check
        Looks over the rows of the stage; what it finds goes into the two.
    """
    if not rejected.found:
        again = stage.session.begin_nested()
        ended = int(stage.session.scalar(text(_ENDING[kind]), stage.values) or 0)
        refused, told = Findings(), Findings()
        check(refused, told)
        if not refused.found:
            again.commit()
            noted.extend(told.found)
            return ended
        again.rollback()
    check(rejected, noted)
    return 0


def _same_code(stage: Stage, table: str) -> Select[int]:
    rows, stored = stage.table, Base.metadata.tables[table]
    same = and_(
        stored.c.township_id == bindparam("township", type_=BigInteger),
        stored.c.code == rows.c.code,
    )
    return select(rows.c.row_no).join_from(rows, stored, same).order_by(rows.c.row_no)


_BY_CODE = {
    "houses": "house", "households": "household", "residents": "resident", "events": "event", "visits": "visit",
    "stations": "station", "assets": "asset", "streets": "street", "parcels": "parcel", "problems": "open_problem",
}  # fmt: skip
"""Kinds whose rows are named by the township and a code alone."""
_THERE = {
    "areas": "SELECT row_no FROM stage WHERE area_id IS NOT NULL ORDER BY row_no",
    "grids": """SELECT s.row_no FROM stage s JOIN grid o ON o.plan_id = :plan AND o.code = s.code
        ORDER BY s.row_no""",
    "matters": """SELECT s.row_no FROM stage s JOIN matter o ON o.list_id = :matters AND o.code = s.code
        ORDER BY s.row_no""",
    "staff": """SELECT s.row_no FROM stage s JOIN staff p ON p.township_id = :township AND p.code = s.code
        WHERE s.grid IS NULL OR EXISTS (
            SELECT FROM team_member m WHERE (m.staff_id, m.grid_code, m.role, lower(m.during))
                = (p.id, s.grid, s.role, s.since))
        ORDER BY s.row_no""",
}  # fmt: skip
"""Kind of file to the rows of the stage that are stored already."""

# A new part of somebody who is known leaves the person as they stand.
_KNOWN_STAFF = """
UPDATE stage s SET (name, phone, body) = (p.name, p.phone, p.body)
FROM staff p WHERE p.township_id = :township AND p.code = s.code
"""

# Begun today, or to come: it stays, since it has no day yet on which it could have ended.
_ENDING = {
    "staff": """
WITH ended AS (
    UPDATE team_member m SET during = daterange(lower(m.during), today_in(:township)), run_id = :run
    FROM staff p WHERE p.id = m.staff_id AND m.township_id = :township
      AND m.during @> today_in(:township) AND m.during @> today_in(:township) - 1
      AND NOT EXISTS (SELECT FROM stage s
          WHERE (s.code, s.grid, s.role, s.since) = (p.code, m.grid_code, m.role, lower(m.during)))
    RETURNING 1)
SELECT count(*) FROM ended""",
    "stations": """
WITH ended AS (
    UPDATE station o SET during = daterange(lower(o.during), today_in(:township)), run_id = :run
    WHERE o.township_id = :township
      AND o.during @> today_in(:township) AND o.during @> today_in(:township) - 1
      AND NOT EXISTS (SELECT FROM stage s WHERE s.code = o.code)
    RETURNING 1)
SELECT count(*) FROM ended""",
    "assets": """
WITH ended AS (
    UPDATE asset o SET during = daterange(lower(o.during), today_in(:township)), run_id = :run
    WHERE o.township_id = :township
      AND o.during @> today_in(:township) AND o.during @> today_in(:township) - 1
      AND NOT EXISTS (SELECT FROM stage s WHERE s.code = o.code)
    RETURNING 1)
SELECT count(*) FROM ended""",
}
"""Kind of file to the statement that ends what the stage does not name, and counts it."""
