"""What is asked of the grids, and what was refused: counted as the burden of each community.

A refusal is a row and no error: an error would roll it back with what it refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime

from psycopg.errors import UniqueViolation
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gisgrid.cases.matters import admitted
from gisgrid.cases.refusals import NotOnTheList
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.messages import Message, message, packed, say
from gisgrid.core.plans import township_by_id
from gisgrid.db.listing import AS_IT_STANDS, Listing, portion
from gisgrid.planning.snapshot.fetch import local

KINDS = ("sent", "temporary", "refused")
"""The numbers of a burden."""


@dataclass(frozen=True)
class Demand:
    """What became of a demand on the grids."""

    admitted: bool
    matter_id: int | None
    refusal_id: int | None
    said: Message


@dataclass(frozen=True)
class Burden:
    """What was asked of one community's grids in a span of days."""

    code: str
    """Empty for what named no community."""
    name: str
    sent: int
    """Cases sent to its grids, on the list."""
    temporary: int
    """Of these, under temporary items."""
    refused: int


@dataclass(frozen=True)
class RefusedRequest:
    """A demand that was refused."""

    at: datetime
    asked_by: str
    matter: str
    """The code as it was named; ``?`` for one that no list ever had."""
    name: str | None
    """Of the item of that code on the newest list that had it."""
    text: str | None
    why: str
    """A sentence, `packed`; rows of before hold it in Chinese alone."""


COLUMNS = tuple(field.name for field in fields(RefusedRequest))
TEXTS = ("asked_by", "matter", "name", "text")


def demand(
    session: Session,
    township_id: int,
    code: str,
    *,
    asked_by: str,
    at: datetime,
    community: str | None = None,
    text_: str | None = None,
) -> Demand:
    """Ask whether a body may have the grids do something; a refusal is kept.

    Nothing is raised for what is not on the list: a refusal has to outlive the transaction that met it.

    Raises
    ------
    NotFound
        No such community in the township.
    """
    community_id = None
    if community is not None:
        community_id = session.scalar(
            text("SELECT id FROM area WHERE parent_id = :t AND (code = :c OR name = :c)"),
            {"t": township_id, "c": community},
        )
        if community_id is None:
            raise NotFound("There is no community {community!r}.", community=community)
    found = admitted(session, township_id, code, at)
    if found is not None:
        return Demand(True, found, None, message("It is on the list."))
    day = local(at, township_by_id(session, township_id)).date()
    said = message(
        "The list of {day} has no minor item “{code}”; the grids are not to be asked.",
        day=day, code=code,
    )  # fmt: skip
    refusal = session.execute(
        text(f"{_KEEP} RETURNING id"),
        {
            "t": township_id, "at": at, "by": asked_by, "community": community_id,
            "matter": code, "text": text_, "why": packed(said), "key": None,
        },
    ).scalar_one()  # fmt: skip
    return Demand(False, None, int(refusal), said)


def keep_refusal(
    session: Session,
    refused: NotOnTheList,
    *,
    asked_by: str,
    at: datetime,
    key: Sequence[str] = (),
    daily: bool = False,
) -> None:
    """Keep that somebody wanted from the grids what the list does not have.

    To be called in a transaction of its own, after the one that was refused. No word of what was
    written is kept, and of the code only one that a list of the township has had.

    Parameters
    ----------
    asked_by
        A log-in name, or ``resident``.
    key
        What says that it is the same demand again, which is kept once; without it each counts. A sender
        may write anything there, so that only a hash of it is kept.
    daily
        On another day of the township it is another demand.
    """
    day = local(at, township_by_id(session, int(str(refused.facts["township"])))).date()
    said = "\n".join([*key, str(day)] if daily else key)
    mark = hashlib.sha256(said.encode()).hexdigest()[:32] if key else None
    values = {
        "t": refused.facts["township"], "matter": refused.facts["matter"],
        "community": refused.facts["community"], "at": at,
    }  # fmt: skip
    named = session.execute(text(_NAMED), values).one()
    try:
        with session.begin_nested():
            session.execute(
                text(_KEEP),
                {
                    **values, "by": asked_by, "community": named.community_id,
                    "matter": named.matter or "?", "text": None, "key": mark,
                    "why": packed(message(_NO_SUCH, day=day)),
                },
            )  # fmt: skip
    except IntegrityError as exc:
        # Not ON CONFLICT, which would have to see the row: whoever reports may see none.
        if not isinstance(exc.orig, UniqueViolation):
            raise


def burdens(session: Session, township_id: int, since: date, until: date) -> list[Burden]:
    """What was asked of each community's grids from ``since`` to ``until`` (last day), by code.

    A case counts for the community of the grid that it was first sent to. Under the rights only
    communities whose events are seen as a whole are told; what names no community stands first, where
    there is any and the events of the township are seen.
    """
    rows = session.execute(
        text(_BURDEN), {"t": township_id, "since": since, "until": until}
    ).mappings()
    return [Burden(**row) for row in rows]


def behind(
    session: Session,
    township_id: int,
    since: date,
    until: date,
    *,
    community: str,
    kind: str,
    listing: Listing = AS_IT_STANDS,
) -> tuple[list[int], list[RefusedRequest]]:
    """The events, or the refusals, behind one number of `burdens`; the newest first.

    ``listing`` is of the refusals; `board.among` has it for events.

    Parameters
    ----------
    community
        Its code; empty: those of no community.

    Raises
    ------
    Invalid
        ``kind`` is none of ``KINDS``.
    """
    if kind not in KINDS:
        raise Invalid("kind is one of {known}.", known=list(KINDS))
    values = {"t": township_id, "since": since, "until": until, "community": community}
    if kind == "refused":
        rows = portion(session, _REFUSED, values, listing, columns=COLUMNS, texts=TEXTS, limit=None)
        return [], [RefusedRequest(**{name: row[name] for name in COLUMNS}) for row in rows]
    found = session.scalars(text(_SENT), {**values, "temporary": kind == "temporary"})
    return list(found), []


_NO_SUCH = say("The list of {day} has no such minor item; the grids are not to be asked.")

_KEEP = """
INSERT INTO refused_demand (township_id, at, asked_by, community_id, matter, text, why, key)
VALUES (:t, :at, :by, :community, :matter, :text, :why, :key)
"""
_NAMED = """
SELECT (SELECT a.id FROM area a WHERE a.parent_id = :t AND a.code = :community) AS community_id,
       (SELECT min(m.code) FROM matter m JOIN matter_list l ON l.id = m.list_id
        WHERE l.township_id = :t AND l.validity IS NOT NULL AND m.code = :matter) AS matter
"""
# What was asked: of which community, as which case or which refusal.
_ASKED = """
WITH span AS (
    SELECT (CAST(:since AS date)::timestamp AT TIME ZONE t.time_zone) AS since,
           ((CAST(:until AS date) + 1)::timestamp AT TIME ZONE t.time_zone) AS until
    FROM township t WHERE t.area_id = :t
), sent AS (
    SELECT c.event_id, s.grid_code, s.at, m.during IS NOT NULL AS temporary
    FROM case_step s JOIN event_case c ON c.id = s.case_id JOIN event e ON e.id = c.event_id
    JOIN matter m ON m.id = e.matter_id, span
    WHERE c.township_id = :t AND s.means = 'assign' AND s.grid_code IS NOT NULL
      AND s.at >= span.since AND s.at < span.until AND NOT EXISTS (
          SELECT FROM case_step b WHERE b.case_id = s.case_id AND b.seq < s.seq
            AND b.means = 'assign' AND b.grid_code IS NOT NULL)
), home AS (
    SELECT DISTINCT ON (g.code) g.code, g.community_id FROM grid g JOIN plan p ON p.id = g.plan_id
    LEFT JOIN plan_in_force f ON f.id = p.id
    WHERE p.township_id = :t ORDER BY g.code, f.id IS NULL, p.id DESC
), asked AS (
    SELECT h.community_id, s.event_id, NULL::bigint AS refused, s.temporary, s.at
    FROM sent s LEFT JOIN home h ON h.code = s.grid_code
    UNION ALL
    SELECT r.community_id, NULL, r.id, false, r.at FROM refused_demand r, span
    WHERE r.township_id = :t AND r.at >= span.since AND r.at < span.until
)
"""
# Whom a policy shows a part of a community's cases is told none of its numbers.
_WHOLE = """(NOT row_security_active('event_case')
    OR a.id = ANY ((SELECT my_communities('see_events'))::bigint[]))"""
_COUNTS = """count(k.event_id) AS sent, count(k.event_id) FILTER (WHERE k.temporary) AS temporary,
    count(k.refused) AS refused"""
_BURDEN = f"""{_ASKED}
SELECT '' AS code, '' AS name, {_COUNTS} FROM asked k WHERE k.community_id IS NULL
HAVING count(*) > 0
UNION ALL (
    SELECT a.code, a.name, {_COUNTS} FROM area a LEFT JOIN asked k ON k.community_id = a.id
    WHERE a.parent_id = :t AND {_WHOLE} GROUP BY a.id ORDER BY a.code COLLATE "C")
"""  # noqa: S608 - put together from parts that stand here
_OF_COMMUNITY = (
    """coalesce((SELECT a.code FROM area a WHERE a.id = k.community_id), '') = :community"""
)
_SENT = f"""{_ASKED}
SELECT k.event_id FROM asked k
WHERE k.event_id IS NOT NULL AND {_OF_COMMUNITY} AND (k.temporary OR NOT :temporary)
ORDER BY k.at DESC, k.event_id DESC
"""  # noqa: S608 - put together from parts that stand here
_REFUSED = f"""{_ASKED}
SELECT r.at, r.asked_by, r.matter, r.text, r.why, (
    SELECT m.name FROM matter m JOIN matter_list l ON l.id = m.list_id
    WHERE l.township_id = :t AND l.validity IS NOT NULL AND m.code = r.matter
    ORDER BY lower(l.validity) DESC LIMIT 1) AS name
FROM asked k JOIN refused_demand r ON r.id = k.refused WHERE {_OF_COMMUNITY}
ORDER BY r.at DESC, r.id DESC LIMIT :limit OFFSET :skip
"""  # noqa: S608 - put together from parts that stand here
