"""What a file does with what is stored already: leaves it, changes it, or ends what the file does not name.

What ends gets its last day and stays in the store, so that taking the load back gives it its days again. Houses,
households and people end by nobody's list: who moved away is noted at the door.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import BigInteger, Select, and_, bindparam, select, text

from gisgrid.core.errors import Conflict, Invalid
from gisgrid.db.tables import Base
from gisgrid.files.findings import Findings
from gisgrid.loading.stage import Stage
from gisgrid.people.teams import end_posts

ADD, UPDATE, REPLACE = "add", "update", "replace"
MODES = (ADD, UPDATE, REPLACE)


@dataclass(frozen=True)
class Ended:
    """What a list that stands for the whole ended."""

    names: tuple[str, ...] = ()
    """Codes of the stored rows, in their order; of a part in a team the person's and the grid's."""
    posts: int = 0
    """Posts as leader of a grid that ended with the part; posts are those of who administers there."""


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


def refuse_half_list(kind: str, mode: str, given: Collection[str]) -> None:
    """Raise Invalid where a list that stands for the whole lacks a column by which it names what is stored."""
    lacks = [name for name in _NAMED_BY.get(kind, ()) if name not in given]
    if mode == REPLACE and lacks:
        raise Invalid(
            "A list that stands for all teams needs the columns grid, role and since; it lacks {lacks}. Without them "
            "every part in a team would end: add the columns, or let the file add and change only.",
            lacks=lacks,
        )


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
) -> Ended:  # fmt: skip
    """End what is stored and in force today and the file does not name, and check the rows; what ended.

    A list with refused rows is not whole, and ends nothing. What ends does so before the rows are checked,
    since who follows somebody begins as the other ends.

    Parameters
    ----------
    check
        Looks over the rows of the stage; what it finds goes into the two.
    """
    if not rejected.found:
        again = stage.session.begin_nested()
        ended = _end(stage, kind)
        refused, told = Findings(), Findings()
        check(refused, told)
        if not refused.found:
            again.commit()
            noted.extend(told.found)
            return ended
        again.rollback()
    check(rejected, noted)
    return Ended()


def _end(stage: Stage, kind: str) -> Ended:
    rows, posts = stage.session.execute(text(_ENDING[kind]), stage.values).all(), 0
    led = [row for row in rows if row.led is not None]
    if led and stage.session.scalar(text(_MAY_END_POSTS), stage.values):
        for row in led:
            # What is held today; who is to follow keeps what is to come.
            values = {"t": stage.values["township"], "grid": row.led, "since": row.day, "until": row.day + timedelta(1)}  # fmt: skip
            posts += len(end_posts(stage.session, values) or ())
    return Ended(tuple(row.name for row in rows), posts)


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

_NAMED_BY = {"staff": ("grid", "role", "since")}
"""Kinds of which a list may lack what names a stored row, and the columns that do."""
# The worker enters as the owner, for an account that may load and not give posts.
_MAY_END_POSTS = "SELECT my_account() IS NULL OR administers(:township)"

# Begun today, or to come: it stays, since it has no day yet on which it could have ended.
_ENDING = {
    "staff": """
WITH ended AS (
    UPDATE team_member m SET during = daterange(lower(m.during), today_in(:township)), run_id = :run
    FROM staff p WHERE p.id = m.staff_id AND m.township_id = :township
      AND m.during @> today_in(:township) AND m.during @> today_in(:township) - 1
      AND NOT EXISTS (SELECT FROM stage s
          WHERE (s.code, s.grid, s.role, s.since) = (p.code, m.grid_code, m.role, lower(m.during)))
    RETURNING p.code, m.grid_code, m.role)
SELECT e.code || ' · ' || e.grid_code AS name, today_in(:township) AS day,
    CASE WHEN e.role = 'leader' AND NOT EXISTS (SELECT FROM stage s
        WHERE (s.code, s.grid, s.role) = (e.code, e.grid_code, e.role) AND s.span @> today_in(:township))
    THEN e.grid_code END AS led
FROM ended e ORDER BY e.grid_code, e.code""",
    "stations": """
WITH ended AS (
    UPDATE station o SET during = daterange(lower(o.during), today_in(:township)), run_id = :run
    WHERE o.township_id = :township
      AND o.during @> today_in(:township) AND o.during @> today_in(:township) - 1
      AND NOT EXISTS (SELECT FROM stage s WHERE s.code = o.code)
    RETURNING o.code)
SELECT code AS name, NULL AS led FROM ended ORDER BY code""",
    "assets": """
WITH ended AS (
    UPDATE asset o SET during = daterange(lower(o.during), today_in(:township)), run_id = :run
    WHERE o.township_id = :township
      AND o.during @> today_in(:township) AND o.during @> today_in(:township) - 1
      AND NOT EXISTS (SELECT FROM stage s WHERE s.code = o.code)
    RETURNING o.code)
SELECT code AS name, NULL AS led FROM ended ORDER BY code""",
}
"""Kind of file to the statement that ends what the stage does not name, with the grid that is led no longer by it."""
