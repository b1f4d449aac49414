"""May this be sent to a grid? The list of matters as a gate and as a rule book.

Only what is on the list of a day can be asked of the grids; what becomes of the rest tells
`gisgrid.cases.refused_requests`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.matter_items import check_limit, in_order
from gisgrid.cases.matter_log import add_to_log
from gisgrid.cases.refusals import NotOnTheList
from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.plans import township_by_id
from gisgrid.files.exports import Cell, Sheet
from gisgrid.people.privacy.audit import note
from gisgrid.planning.snapshot.fetch import local


@dataclass(frozen=True)
class MatterEntry:
    """A minor item of a list, with all that its rule says."""

    code: str
    name: str
    name_en: str | None
    major: str
    """Name of the item it belongs to; of the top one where there are three levels."""
    major_en: str | None
    office: str | None
    decider: str | None
    acts: str | None
    informs: tuple[str, ...]
    time_limit: str | None
    limits: dict[str, str]
    filing_rule: str | None
    closing_rule: str | None
    asks_photo: bool
    duplicate_m: float | None
    duplicate_h: float | None
    skills: tuple[str, ...]
    note: str | None
    consent: str | None
    since: date | None
    until: date | None
    """First and last day of a temporary item."""


@dataclass(frozen=True)
class Change:
    """One difference between two versions of a list."""

    code: str
    name: str
    what: str
    """``added``, ``gone``, or the name of the field that changed."""
    before: str
    after: str


@dataclass(frozen=True)
class Minor:
    """A minor item as it is offered to somebody who reports."""

    code: str
    name: str
    name_en: str | None


@dataclass(frozen=True)
class Major:
    """A major item with the minor ones below it, also those of a third level."""

    code: str
    name: str
    name_en: str | None
    minors: tuple[Minor, ...]


DUTIES = ("decider", "office", "time_limit", "filing_rule", "closing_rule")
"""What every minor item must say."""


def matter_on(
    session: Session, township_id: int, code: str, at: datetime, *, community: str | None = None
) -> int:
    """The row of the minor item of a code on the list of the day of ``at`` (aware).

    Parameters
    ----------
    community
        Code of the community that would do it, told in the refusal.

    Raises
    ------
    NotOnTheList
        The list of that day has no such minor item, or only a temporary one of other days.
    """
    found = admitted(session, township_id, code, at)
    if found is None:
        day = local(at, township_by_id(session, township_id)).date()
        raise NotOnTheList("The list of matters of {day} has no minor item {matter!r}.", day=day, matter=code, township=township_id, community=community)  # fmt: skip
    return found


def admitted(session: Session, township_id: int, code: str, at: datetime) -> int | None:
    """As `matter_on`; None for what is not on the list."""
    found: int | None = session.scalar(text(_ON_LIST), {"t": township_id, "code": code, "at": at})
    return found


def offered(session: Session, township_id: int, at: datetime) -> list[Major]:
    """What may be reported on the day of ``at`` (aware): major items with their minor ones, by code.

    Empty where no list is in force that day.
    """
    rows = session.execute(text(_OFFERED), {"t": township_id, "at": at}).all()
    return [
        Major(code, name, name_en, tuple(Minor(r.code, r.name, r.name_en) for r in below))
        for (code, name, name_en), below in groupby(
            rows, key=lambda r: (r.top_code, r.top_name, r.top_name_en)
        )
    ]


def add_temporary(
    session: Session,
    township_id: int,
    *,
    parent: str,
    code: str,
    name: str,
    consent: str,
    since: date,
    until: date,
    rule: Mapping[str, Any] | None = None,
) -> int:
    """Put an urgent item beside the list in force on ``since``, for days, with somebody's consent.

    Parameters
    ----------
    rule
        More of its row: ``office``, ``decider``, ``time_limit``, ``limit_unit``, ``filing_rule``,
        ``closing_rule``, ``acts``.

    Raises
    ------
    Invalid
        No consent, no last day, an unknown word in ``rule``, or a limit not in working time.
    NotFound
        No list on that day, or no such major item on it.
    Conflict
        The code is on the list.
    """
    if not consent.strip():
        raise Invalid("A temporary item needs somebody's consent.")
    if until < since:
        raise Invalid("From {since} to {until} there is no day.", since=since, until=until)
    rule = dict(rule or {})
    known = ("office", "decider", "acts", "time_limit", "limit_unit", "filing_rule", "closing_rule")
    if strange := sorted(rule.keys() - set(known)):
        raise Invalid(
            "A matter has no {strange}; it has {known}.", strange=list(strange), known=list(known)
        )
    if rule.get("limit_unit"):
        check_limit(code, f"{rule['time_limit']:g} {rule['limit_unit']}", working=True)
    major = session.execute(
        text(
            "SELECT m.id, m.list_id FROM matter m JOIN matter_list l ON l.id = m.list_id "
            "WHERE l.township_id = :t AND l.validity @> CAST(:day AS date) AND m.code = :parent "
            "AND m.parent_id IS NULL"
        ),
        {"t": township_id, "day": since, "parent": parent},
    ).one_or_none()
    if major is None:
        raise NotFound(
            "The list of {since} has no major item {parent!r}.", since=since, parent=parent
        )
    new = session.scalar(
        text(
            "INSERT INTO matter (list_id, parent_id, code, name, office, decider, acts, time_limit, "
            "limit_unit, filing_rule, closing_rule, consent, during) VALUES (:list, :parent, :code, "
            ":name, :office, :decider, :acts, :time_limit, :limit_unit, :filing_rule, "
            ":closing_rule, :consent, daterange(:since, :until, '[]')) "
            "ON CONFLICT (list_id, code) DO NOTHING RETURNING id"
        ),
        {
            **dict.fromkeys(known), **rule, "list": major.list_id, "parent": major.id,
            "code": code, "name": name, "consent": consent.strip(), "since": since, "until": until,
        },
    )  # fmt: skip
    if new is None:
        raise Conflict("The code {code!r} is on the list.", code=code)
    # The draft, and a version that begins while it runs, have it, too.
    session.execute(
        text(_IN_LATER_LISTS), {"id": new, "t": township_id, "since": since, "until": until}
    )
    add_to_log(session, major.list_id, code, "added", became=name)
    note(session, "add", "matter", int(new))
    return int(new)


def versions(session: Session, township_id: int) -> list[tuple[str, date | None, date | None]]:
    """Version, first day and first day no longer in force, of each list, oldest first; no draft is among them."""
    rows = session.execute(
        text(
            "SELECT version, lower(validity), upper(validity) FROM matter_list "
            "WHERE township_id = :t AND validity IS NOT NULL ORDER BY lower(validity)"
        ),
        {"t": township_id},
    )
    return [(v, a, b) for v, a, b in rows]


def version_on(session: Session, township_id: int, day: date) -> str | None:
    """The version that is in force on a day; without one the newest, and None where there is none at all."""
    known = versions(session, township_id)
    there = [
        v
        for v, since, until in known
        if (since is None or since <= day) and (until is None or day < until)
    ]
    found = there or [v for v, _, _ in known]
    return found[-1] if found else None


def rule_book(
    session: Session, township_id: int, version: str | None = None, *, drafts: bool = False
) -> list[MatterEntry]:
    """The minor items of a version, by code; without one, of the list in force today, else of the newest.

    Parameters
    ----------
    drafts
        The draft may be asked for by its name, too.

    Raises
    ------
    NotFound
        No such version, or no list at all.
    """
    known = [v for v, _, _ in versions(session, township_id)]
    chosen = version
    if version is None:
        now = local(datetime.now(UTC), township_by_id(session, township_id)).date()
        chosen = version_on(session, township_id, now)
    found = session.scalar(
        text(
            "SELECT id FROM matter_list WHERE township_id = :t AND version = :version "
            "AND (:drafts OR validity IS NOT NULL)"
        ),
        {"t": township_id, "version": chosen, "drafts": drafts},
    )
    if found is None:
        raise NotFound(
            "There is no list of matters {version}; known: {known}.",
            version=version or "",
            known=list(known),
        )
    return book_of(session, found)


def book_of(session: Session, list_id: int) -> list[MatterEntry]:
    """The minor items of a list by its row number, by code."""
    rows = session.execute(text(_BOOK), {"list": list_id}).mappings()
    return [
        MatterEntry(**{**row, "informs": in_order(row["informs"]), "skills": tuple(row["skills"])})
        for row in rows
    ]


def names_en(session: Session, township_id: int) -> dict[str, str]:
    """English names of a township's matters and groups by code, as the newest list that names them has it."""
    rows = session.execute(
        text(
            "SELECT DISTINCT ON (m.code) m.code, m.name_en FROM matter m JOIN matter_list l ON l.id = m.list_id "
            "WHERE l.township_id = :t AND m.name_en <> '' ORDER BY m.code, lower(l.validity) DESC NULLS LAST, l.id DESC"
        ),
        {"t": township_id},
    )
    return {row.code: row.name_en for row in rows}


def groups(session: Session, township_id: int, version: str) -> list[Minor]:
    """The groups at the top of a version, by code."""
    rows = session.execute(
        text(
            "SELECT m.code, m.name, m.name_en FROM matter m JOIN matter_list l ON l.id = m.list_id "
            'WHERE l.township_id = :t AND l.version = :v AND m.parent_id IS NULL ORDER BY m.code COLLATE "C"'
        ),
        {"t": township_id, "v": version},
    )
    return [Minor(*row) for row in rows]


def unfinished(entries: Sequence[MatterEntry]) -> dict[str, list[str]]:
    """Code to the duties that a minor item does not say; empty when every item is complete."""
    found = {e.code: [name for name in DUTIES if getattr(e, name) is None] for e in entries}
    return {code: missing for code, missing in found.items() if missing}


def compare(before: Sequence[MatterEntry], after: Sequence[MatterEntry]) -> list[Change]:
    """What a version changed, by code."""
    old, new = {e.code: e for e in before}, {e.code: e for e in after}
    changes = []
    for code in sorted(old.keys() | new.keys()):
        a, b = old.get(code), new.get(code)
        if a is None or b is None:
            there = a or b
            assert there is not None  # noqa: S101 - one of the two has it
            changes.append(Change(code, there.name, "gone" if a else "added", "", ""))
            continue
        changes += [
            Change(code, b.name, f.name, shown(x), shown(y))
            for f in fields(MatterEntry)
            if (x := getattr(a, f.name)) != (y := getattr(b, f.name))
        ]
    return changes


def shown(value: object) -> str:
    """A field of a rule as a cell of text; empty for none."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "; ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(f"{k} {v}" for k, v in sorted(value.items()))
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)


def book_sheet(book: Sequence[MatterEntry]) -> Sheet:
    """The rules as a sheet of a workbook, a row for each minor item."""
    rows = [[_cell(getattr(each, field)) for *_, field in HEADS] for each in book]
    return Sheet("事项清单 matters", tuple(f"{zh} {en}" for zh, en, _ in HEADS), rows)


def _cell(value: object) -> Cell:
    return value if isinstance(value, date) else shown(value)


HEADS = (
    ("编码", "code", "code"), ("大项", "group", "major"), ("事项", "name", "name"), ("事项英文", "in English", "name_en"),
    ("责任单位", "office", "office"), ("决定", "decides", "decider"), ("承办", "acts", "acts"),
    ("知会", "informed", "informs"), ("时限", "time limit", "time_limit"), ("各环节时限", "limits", "limits"),
    ("立案条件", "filed if", "filing_rule"), ("结案条件", "closed if", "closing_rule"),
    ("处置后照片", "photo", "asks_photo"), ("备注", "note", "note"), ("同意", "consent", "consent"), ("自", "since", "since"),
    ("至", "until", "until"),
)  # fmt: skip
"""What a rule says, in both languages, and where it stands."""

_IN_LATER_LISTS = """
INSERT INTO matter (list_id, parent_id, code, name, office, decider, acts, time_limit, limit_unit, filing_rule,
                    closing_rule, consent, during)
SELECT l.id, n.id, m.code, m.name, m.office, m.decider, m.acts, m.time_limit, m.limit_unit, m.filing_rule,
       m.closing_rule, m.consent, m.during
FROM matter m JOIN matter p ON p.id = m.parent_id JOIN matter_list l ON l.township_id = :t
JOIN matter n ON n.list_id = l.id AND n.code = p.code
WHERE m.id = :id AND (l.validity IS NULL
    OR lower(l.validity) > CAST(:since AS date) AND lower(l.validity) <= CAST(:until AS date))
ON CONFLICT (list_id, code) DO NOTHING
"""

_ON_LIST = """
SELECT m.id FROM matter m JOIN matter_list l ON l.id = m.list_id
JOIN township t ON t.area_id = l.township_id,
LATERAL (SELECT (CAST(:at AS timestamptz) AT TIME ZONE t.time_zone)::date AS day) d
WHERE l.township_id = :t AND m.code = :code AND m.parent_id IS NOT NULL
  AND l.validity @> d.day AND (m.during IS NULL OR m.during @> d.day)
  AND NOT EXISTS (SELECT FROM matter c WHERE c.parent_id = m.id)
"""
_OFFERED = """
SELECT coalesce(g.code, p.code) AS top_code, coalesce(g.name, p.name) AS top_name,
       CASE WHEN g.id IS NULL THEN p.name_en ELSE g.name_en END AS top_name_en,
       m.code, m.name, m.name_en
FROM matter m JOIN matter_list l ON l.id = m.list_id
JOIN township t ON t.area_id = l.township_id
JOIN matter p ON p.id = m.parent_id LEFT JOIN matter g ON g.id = p.parent_id,
LATERAL (SELECT (CAST(:at AS timestamptz) AT TIME ZONE t.time_zone)::date AS day) d
WHERE l.township_id = :t AND l.validity @> d.day AND (m.during IS NULL OR m.during @> d.day)
  AND NOT EXISTS (SELECT FROM matter c WHERE c.parent_id = m.id)
ORDER BY coalesce(g.code, p.code) COLLATE "C", m.code COLLATE "C"
"""
_BOOK = """
SELECT m.code, m.name, m.name_en, coalesce(g.name, p.name) AS major,
       CASE WHEN g.id IS NULL THEN p.name_en ELSE g.name_en END AS major_en, m.office, m.decider, m.acts,
       m.informs, CASE WHEN m.time_limit IS NOT NULL THEN m.time_limit || ' ' || m.limit_unit END
       AS time_limit, m.limits, m.filing_rule, m.closing_rule, m.asks_photo, m.duplicate_m,
       m.duplicate_h, m.skills, m.note, m.consent, lower(m.during) AS since, upper(m.during) - 1 AS until
FROM matter m JOIN matter p ON p.id = m.parent_id LEFT JOIN matter g ON g.id = p.parent_id
WHERE m.list_id = :list
  AND NOT EXISTS (SELECT FROM matter c WHERE c.parent_id = m.id)
ORDER BY m.code COLLATE "C"
"""
