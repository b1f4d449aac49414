"""What became of each case? The table ``fact``, counted from the log, and what is asked of its rows.

Each case falls into exactly one outcome, so that outcomes add up to what was received.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    CTE,
    TIMESTAMP,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    column,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    table,
    text,
    true,
    union_all,
)

from gisgrid.core.errors import Invalid
from gisgrid.db.tables import Case, Event, Township

Condition = ColumnElement[bool]
Span = tuple[date, date]
"""The first day and the last."""

UNITS = {
    "township": None,
    "community": ("community_code", "community"),
    "grid": ("grid_code", "grid"),
    "office": ("office", "office"),
    "matter": ("matter_code", "matter"),
    "major": ("major_code", "major"),
    "source": ("source", "source"),
}
"""Unit to the columns of its key and its name; an empty key: what lies in none of it."""
_ALWAYS = ("matter", "major")
"""Units that each case lies in."""

MEASURES: dict[str, Callable[[Any], Condition]] = {
    "received": lambda fact: true(),
    "assigned": lambda fact: fact.assigned > 0,
    "closed_in_time": lambda fact: fact.outcome == literal_column("'closed_in_time'"),
    "closed_late": lambda fact: fact.outcome == literal_column("'closed_late'"),
    "closed_no_limit": lambda fact: fact.outcome == literal_column("'closed_no_limit'"),
    "dropped": lambda fact: fact.outcome == literal_column("'dropped'"),
    "open": lambda fact: fact.outcome == literal_column("'open'"),
    "open_late": lambda fact: fact.outcome == literal_column("'open_late'"),
    "returned": lambda fact: fact.returned > 0,
    "reopened": lambda fact: fact.reopened > 0,
    "rated": lambda fact: fact.rating.is_not(None),
    "satisfied": lambda fact: fact.rating >= 4,
    "right_first": lambda fact: and_(_closed(fact), fact.assigned == 1, not_(fact.misled)),
    "closed_assigned": lambda fact: and_(_closed(fact), fact.assigned > 0),
}
"""Measure to its condition on the columns of a case; ``dropped``: not filed, withdrawn or merged."""


@dataclass(frozen=True)
class Facts:
    """Cases as a table, with the tables that it is made of."""

    fact: CTE
    before: tuple[CTE, ...]
    """To be given to the statement by ``add_cte``, in this order."""


def key_and_name(unit: str, rows: FromClause) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """What rows are grouped by for a unit, and the name of a group.

    Raises
    ------
    Invalid
        No such unit.
    """
    if unit not in UNITS:
        raise Invalid("There is no unit {unit!r}; known: {known}.", unit=unit, known=list(UNITS))
    columns = UNITS[unit]
    if columns is None:
        return _EMPTY, _EMPTY
    key, name = rows.c[columns[0]], func.max(rows.c[columns[1]])
    return (
        (key, name)
        if unit in _ALWAYS
        else (func.coalesce(key, _EMPTY), func.coalesce(name, _EMPTY))
    )


def facts(
    spans: Sequence[Span],
    *,
    still_open: bool = False,
    only_settled: bool = False,
    plan: ColumnElement[int] | None = None,
) -> Facts:
    """The cases reported in ``spans``, as of ``:as_of``; `values_of` gives their values.

    Parameters
    ----------
    still_open
        Also the open ones of the days from ``:since`` to ``:until`` between the spans.
    only_settled
        None of the open ones.
    plan
        Number of the plan under which they lie; None: of that in force.
    """
    within = or_(
        false(),
        *(
            and_(
                Event.reported_at >= midnight(f"since_{n}"),
                Event.reported_at < midnight(f"until_{n}", 1),
            )
            for n in range(len(spans))
        ),
    )
    parts: list[Select[Any]] = []
    if spans:
        settled = [not_(Case.open)] if only_settled else []
        parts.append(_taken(Case.__table__).where(within, *settled))
    if still_open:
        # The open ones are found first: there are few of them, which the planner cannot know.
        few = (
            select(Case.__table__)
            .where(Case.open, Case.township_id == T)
            .offset(literal_column("0"))
        )
        between = [Event.reported_at >= midnight("since"), Event.reported_at < midnight("until", 1)]
        parts.append(_taken(few.subquery("c")).where(*between, *([not_(within)] if spans else [])))
    taken = (union_all(*parts) if len(parts) > 1 else parts[0]).cte("taken")
    in_force = select(IN_FORCE.c.id).where(IN_FORCE.c.township_id == T)
    under = (in_force if plan is None else select(plan.label("id"))).cte("under")
    return Facts(_FACT.cte("fact"), (taken, under, _SAID.cte("said"), _LIMITED.cte("limited")))


def counted(found: Facts, unit: str) -> Select[Any]:
    """The measures of each unit, by key."""
    key, name = key_and_name(unit, found.fact)
    numbers = (func.count().filter(on(found.fact.c)).label(m) for m, on in MEASURES.items())
    return (
        select(key.label("key"), name.label("name"), *numbers)
        .select_from(found.fact)
        .group_by(text("1"))
        .add_cte(*found.before)
    )


def behind(found: Facts, unit: str, measure: str) -> Select[int]:
    """The events of the cases of one unit (``:key``) that a measure counts, oldest first."""
    fact = found.fact.c
    key, _ = key_and_name(unit, found.fact)
    return (
        select(fact.event_id)
        .where(key == bindparam("key", type_=Text), MEASURES[measure](fact))
        .order_by(fact.reported_at, fact.event_id)
        .add_cte(*found.before)
    )


def values_of(spans: Sequence[Span]) -> dict[str, date]:
    """The values that `facts` asks for."""
    return {
        f"{name}_{n}": day
        for n, span in enumerate(spans)
        for name, day in zip(("since", "until"), span, strict=True)
    }


def midnight(name: str, later: int = 0) -> ColumnElement[Any]:
    """The beginning of a day in the township's time; asked once, and not of each event."""
    day = bindparam(name, type_=Date) + literal_column(str(later), Integer)
    return (
        select(func.timezone(Township.time_zone, cast(day, TIMESTAMP)))
        .where(Township.area_id == T)
        .scalar_subquery()
    )


def _closed(fact: Any) -> Condition:
    closed: Condition = fact.outcome.like(literal_column("'closed%'"))
    return closed


def _taken(case: FromClause) -> Select[Any]:
    return (
        select(
            case.c.id.label("case_id"), Event.id.label("event_id"), Event.reported_at, Event.source,
            Event.matter_id, Event.community_id, Event.township_id,
        )
        .select_from(Event)
        .join(case, case.c.event_id == Event.id)
        .where(Event.township_id == T, case.c.opened_at <= bindparam("as_of", type_=DateTime(timezone=True)))
    )  # fmt: skip


T = bindparam("t", type_=BigInteger)
IN_FORCE = table("plan_in_force", column("id", BigInteger), column("township_id", BigInteger))
_EMPTY: ColumnElement[str] = literal_column("''", Text)
COLUMNS = (
    column("case_id", BigInteger), column("event_id", BigInteger), column("reported_at", DateTime(timezone=True)),
    column("source", Text), column("assigned", Integer), column("returned", Integer), column("misled", Boolean),
    column("reopened", Integer), column("rating", Integer), column("outcome", Text), column("matter_id", BigInteger),
    column("matter_code", Text), column("matter", Text), column("office", Text), column("major_code", Text),
    column("major", Text), column("grid_id", BigInteger), column("grid_code", Text), column("grid", Text),
    column("in_community_id", BigInteger), column("community_code", Text), column("community", Text),
)  # fmt: skip
"""Of ``fact``, as far as anybody asks for them."""
# What the log says of each case up to a moment. The deadline that counts is that of its last run. What
# counts of several lines is the last one's: the greatest of its number, with what it says behind.
_SAID = text("""
    SELECT s.case_id,
           count(*) FILTER (WHERE means = 'assign') AS assigned,
           count(*) FILTER (WHERE means = 'return') AS returned,
           -- Sent back after the work is a rework: the first dispatch was right all the same.
           count(*) FILTER (WHERE means = 'transfer') > 0
               OR coalesce(min(seq) FILTER (WHERE means = 'return') < coalesce(
                   min(seq) FILTER (WHERE means = 'handle'), 2147483647), false) AS misled,
           count(*) FILTER (WHERE means = 'reopen') AS reopened,
           (ARRAY['opened_again', 'dropped', 'closed'])[1 + max(seq * 3 + CASE means
               WHEN 'close' THEN 2 WHEN 'reopen' THEN 0 WHEN 'separate' THEN 0 ELSE 1 END) FILTER (WHERE means IN
               ('close', 'refuse', 'withdraw', 'merge', 'reopen', 'separate')) % 3] AS ending,
           max(at) FILTER (WHERE means = 'close') AS closed_at,
           max(seq * 8 + s.rating) % 8 AS rating
    FROM case_step s JOIN taken USING (case_id)
    WHERE s.at <= :as_of AND (s.rating IS NOT NULL OR means IN ('assign', 'return', 'transfer',
        'handle', 'reopen', 'separate', 'close', 'refuse', 'withdraw', 'merge'))
    GROUP BY s.case_id
""").columns()
_LIMITED = text("""
    SELECT DISTINCT ON (k.case_id) k.case_id, k.due_at
    FROM case_clock k JOIN taken USING (case_id) WHERE k.deadline AND k.started_at <= :as_of
    ORDER BY k.case_id, k.id DESC
""").columns()
_FACT = text("""
    SELECT taken.*, said.assigned, said.returned, said.misled, said.reopened, said.rating,
           CASE WHEN said.ending = 'closed' AND limited.due_at IS NULL THEN 'closed_no_limit'
                WHEN said.ending = 'closed' AND said.closed_at <= limited.due_at
                    THEN 'closed_in_time'
                WHEN said.ending = 'closed' THEN 'closed_late'
                WHEN said.ending = 'dropped' THEN 'dropped'
                WHEN limited.due_at < :as_of THEN 'open_late' ELSE 'open' END AS outcome,
           m.code AS matter_code, m.name AS matter, m.office,
           coalesce(u.code, b.code) AS major_code, coalesce(u.name, b.name) AS major,
           g.id AS grid_id, g.code AS grid_code, g.name AS grid, o.id AS in_community_id, o.code AS community_code, o.name AS community
    FROM taken LEFT JOIN said USING (case_id) LEFT JOIN limited USING (case_id)
    JOIN matter m ON m.id = taken.matter_id JOIN matter b ON b.id = m.parent_id
    LEFT JOIN matter u ON u.id = b.parent_id
    LEFT JOIN plan p ON p.township_id = taken.township_id AND p.id = (SELECT id FROM under)
    LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = taken.event_id
    LEFT JOIN grid g ON g.id = a.grid_id
    LEFT JOIN area o ON o.id = coalesce(g.community_id, taken.community_id)
""").columns(*COLUMNS)
