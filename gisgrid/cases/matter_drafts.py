"""How is the draft of a township's list of matters edited, and what would it change?

How a draft begins and what becomes of it: `gisgrid.cases.matter_versions`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases import matters
from gisgrid.cases.matter_items import DraftItem, checked, flat, in_order
from gisgrid.cases.matter_log import add_to_log
from gisgrid.core.errors import Conflict, NotFound
from gisgrid.core.plans import township_by_id
from gisgrid.people.privacy.audit import note
from gisgrid.planning.snapshot.fetch import today


class ItemMoved(Conflict):
    """Somebody else has changed an item since it was looked at."""


class StillUsed(Conflict):
    """An item is to go under which cases are open."""


@dataclass(frozen=True)
class ListDraft:
    """The draft of a township's list."""

    id: int
    version: str


@dataclass(frozen=True)
class MatterUse:
    """How much an item is used."""

    open: int = 0
    unsent: int = 0
    """Of the open cases, those that no grid has yet."""
    year: int = 0
    """Events of the last twelve months."""


@dataclass(frozen=True)
class ForeseenItem:
    """What the draft does to an item of the version in force."""

    code: str
    name: str
    name_en: str | None
    what: str
    """``gone``, or ``time_limit`` or ``limits``."""
    before: object
    after: object
    use: MatterUse


def draft_of(session: Session, township_id: int) -> ListDraft | None:
    """The township's draft; None: there is none."""
    row = session.execute(
        text("SELECT id, version FROM matter_list WHERE township_id = :t AND validity IS NULL"),
        {"t": township_id},
    ).one_or_none()
    return None if row is None else ListDraft(*row)


def items_of(session: Session, list_id: int) -> list[DraftItem]:
    """All items of a list, groups and minor ones, by code."""
    rows = session.execute(text(_ITEMS), {"list": list_id}).mappings()
    return [
        DraftItem(**{**row, "informs": in_order(row["informs"]), "skills": tuple(row["skills"])})
        for row in rows
    ]


def item_of(session: Session, list_id: int, code: str) -> DraftItem:
    """An item of a list; NotFound if it has none of the code."""
    found = next((item for item in items_of(session, list_id) if item.code == code), None)
    if found is None:
        raise NotFound("The draft has no item {code!r}.", code=code)
    return found


def mark_of(item: DraftItem) -> str:
    """What an item says, as a short mark: whoever changes it names the one they saw."""
    said = "\x1f".join(f"{f.name}={flat(getattr(item, f.name))}" for f in fields(DraftItem))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def keep_item(
    session: Session,
    township_id: int,
    item: DraftItem,
    *,
    was: str | None = None,
    seen: str | None = None,
) -> list[str]:
    """Add an item to the draft, or change the one of the code ``was``; the fields that changed.

    Parameters
    ----------
    seen
        Its `mark_of` when it was looked at; None: whatever stands there.

    Raises
    ------
    Invalid
        What no item can be; see `gisgrid.cases.matter_items.checked`.
    NotFound
        No draft, no item of the code ``was``, no such group.
    Conflict
        The code is on the list twice then, or stands in a version that was published.
    ItemMoved
        Somebody else has changed it since.
    """
    draft = the_draft(session, township_id)
    known = {each.code: each for each in items_of(session, draft.id)}
    item = checked(item, known, was=was, last=today(township_by_id(session, township_id)))
    if item.code in known and item.code != was:
        raise Conflict(
            "The code {code!r} is on the list: {name}.", code=item.code, name=known[item.code].name
        )
    if was is None:
        session.execute(text(_INSERT), _values(draft.id, item))
        add_to_log(session, draft.id, item.code, "added", became=item.name)
        note(session, "add", "matter", _row(session, draft.id, item.code))
        return ["added"]
    before = known.get(was)
    if before is None:
        raise NotFound("The draft has no item {code!r}.", code=was)
    if seen is not None and seen != mark_of(before):
        raise ItemMoved(
            "Somebody else has changed {code} since you opened it. Nothing is lost: what you typed stands in the "
            "form, what is kept now beside it. Saving again keeps yours.",
            code=was,
        )
    if item.code != was and session.scalar(text(_PUBLISHED), {"t": township_id, "code": was}):
        raise Conflict(
            "The code {code!r} stands in a version that was published, and cases are found by it: withdraw the "
            "item, and add another.",
            code=was,
        )
    changed = [f.name for f in fields(DraftItem) if getattr(item, f.name) != getattr(before, f.name)]  # fmt: skip
    if changed:
        session.execute(text(_UPDATE), {**_values(draft.id, item), "was": was})
        for field in changed:
            old, new = flat(getattr(before, field)), flat(getattr(item, field))
            add_to_log(session, draft.id, item.code, field, was=old, became=new)
        note(session, "change", "matter", _row(session, draft.id, item.code))
    return changed


def withdraw(
    session: Session,
    township_id: int,
    code: str,
    *,
    seen: str | None = None,
    although_used: bool = False,
) -> None:
    """Take an item off the draft.

    Parameters
    ----------
    although_used
        It may go although cases are open under it: they end under the version they began under, but are
        sent to no grid any more.

    Raises
    ------
    NotFound
        No draft, or no such item.
    Conflict
        It is a group that has items.
    StillUsed
        Cases are open under it, in ``facts["open"]``.
    ItemMoved
        Somebody else has changed it since ``seen``.
    """
    draft = the_draft(session, township_id)
    item = item_of(session, draft.id, code)
    if seen is not None and seen != mark_of(item):
        raise ItemMoved(
            "Somebody else has changed {code} since you opened it: look at it again before it goes.",
            code=code,
        )
    below = [each.code for each in items_of(session, draft.id) if each.parent == code]
    if below:
        raise Conflict(
            "The group {code} still has items: {below}. Move or withdraw them first.",
            code=code,
            below=below,
        )
    use = uses(session, township_id).get(code, MatterUse())
    if use.open and not although_used:
        raise StillUsed(
            "{open} open cases stand under {code} {name}. They keep the version they began under; the {unsent} that "
            "no grid has yet can then only go to an office. Confirm that it goes all the same.",
            open=use.open,
            code=code,
            name=item.name,
            unsent=use.unsent,
        )
    number = _row(session, draft.id, code)
    session.execute(text("DELETE FROM matter WHERE id = :id"), {"id": number})
    add_to_log(session, draft.id, code, "withdrawn", was=item.name)
    note(session, "withdraw", "matter", number)


def uses(session: Session, township_id: int) -> dict[str, MatterUse]:
    """By code, how much an item is used; a code of no event is left out."""
    rows = session.execute(
        text("SELECT code, open, unsent, year FROM matter_use(:t)"), {"t": township_id}
    )
    return {code: MatterUse(*numbers) for code, *numbers in rows}


def foresee(session: Session, township_id: int) -> list[ForeseenItem]:
    """What the draft withdraws or gives another limit, against the version in force, with its use; by code."""
    draft = draft_of(session, township_id)
    now = today(township_by_id(session, township_id))
    base = matters.version_on(session, township_id, now)
    if draft is None or base is None:
        return []
    old = {e.code: e for e in matters.rule_book(session, township_id, base)}
    new = {e.code: e for e in matters.book_of(session, draft.id)}
    use = uses(session, township_id)
    found = []
    for code, entry in old.items():
        if entry.until is not None and entry.until < now:
            continue
        for what in ("gone",) if code not in new else ("time_limit", "limits"):
            before = None if what == "gone" else getattr(entry, what)
            after = None if what == "gone" else getattr(new[code], what)
            if what == "gone" or before != after:
                used = use.get(code, MatterUse())
                found.append(
                    ForeseenItem(code, entry.name, entry.name_en, what, before, after, used)
                )
    return found


def keep_duties(
    session: Session,
    township_id: int,
    duties: Mapping[str, tuple[str | None, str | None, Sequence[str]]],
    seen: Mapping[str, str],
) -> list[str]:
    """Keep who decides, acts and is informed of several items of the draft; the codes that changed.

    Raises
    ------
    ItemMoved
        Somebody else has changed some of them since; none is kept.
    """
    draft = the_draft(session, township_id)
    known = {each.code: each for each in items_of(session, draft.id)}
    wanted: dict[str, DraftItem] = {}
    for code, (decider, acts, informs) in duties.items():
        if code not in known:
            raise NotFound("The draft has no item {code!r}.", code=code)
        item = replace(known[code], decider=decider, acts=acts, informs=tuple(informs))
        if item != known[code]:
            wanted[code] = item
    moved = [code for code in wanted if code in seen and seen[code] != mark_of(known[code])]
    if moved:
        raise ItemMoved(
            "Somebody else has changed {codes} since you opened the matrix. Nothing is lost: what you chose stands "
            "here. Saving again keeps yours.",
            codes=moved,
        )
    for code, item in wanted.items():
        keep_item(session, township_id, item, was=code)
    return list(wanted)


def hold_lists(session: Session, township_id: int) -> None:
    """Whoever else changes the lists of this township waits until this transaction ends."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"matter_list {township_id}"},
    )


def the_draft(session: Session, township_id: int, *, hold: bool = True) -> ListDraft:
    """The township's draft; NotFound if there is none. Who changes it holds it until the transaction ends."""
    if hold:
        hold_lists(session, township_id)
    found = draft_of(session, township_id)
    if found is None:
        raise NotFound("There is no draft of the list of matters: begin one.")
    return found


def _row(session: Session, list_id: int, code: str) -> int:
    return int(
        session.execute(
            text("SELECT id FROM matter WHERE list_id = :list AND code = :code"),
            {"list": list_id, "code": code},
        ).scalar_one()
    )


def _values(list_id: int, item: DraftItem) -> dict[str, Any]:
    amount, unit = item.limit
    return {
        "list": list_id, **{f.name: getattr(item, f.name) for f in fields(DraftItem)},
        "limits": item.limits_json, "amount": amount, "unit": unit,
        "informs": list(item.informs), "skills": list(item.skills),
    }  # fmt: skip


_ITEMS = """
SELECT m.code, p.code AS parent, m.name, m.name_en, m.office, m.decider, m.acts, m.informs,
       CASE WHEN m.time_limit IS NOT NULL THEN m.time_limit || ' ' || m.limit_unit END AS time_limit,
       m.limits, m.filing_rule, m.closing_rule, m.asks_photo, m.duplicate_m, m.duplicate_h, m.skills, m.note,
       m.consent, lower(m.during) AS since, upper(m.during) - 1 AS until
FROM matter m LEFT JOIN matter p ON p.id = m.parent_id WHERE m.list_id = :list ORDER BY m.code COLLATE "C"
"""
_SETS = {
    "code": ":code", "parent_id": "(SELECT id FROM matter g WHERE g.list_id = :list AND g.code = :parent)",
    "name": ":name", "name_en": ":name_en", "office": ":office", "time_limit": ":amount", "limit_unit": ":unit",
    "closing_rule": ":closing_rule", "filing_rule": ":filing_rule", "decider": ":decider", "acts": ":acts",
    "informs": "CAST(:informs AS text[])", "limits": "CAST(:limits AS jsonb)", "asks_photo": ":asks_photo",
    "duplicate_m": ":duplicate_m", "duplicate_h": ":duplicate_h", "skills": "CAST(:skills AS text[])", "note": ":note",
    "consent": ":consent",
    "during": "CASE WHEN CAST(:consent AS text) IS NOT NULL THEN daterange(:since, :until, '[]') END",
}  # fmt: skip
_NAMES, _VALUES = ", ".join(_SETS), ", ".join(_SETS.values())
_CHANGES = ", ".join(f"{name} = {value}" for name, value in _SETS.items())
_INSERT = f"INSERT INTO matter (list_id, {_NAMES}) VALUES (:list, {_VALUES})"  # noqa: S608 - put together from parts that stand here
_UPDATE = f"UPDATE matter SET {_CHANGES} WHERE list_id = :list AND code = :was"  # noqa: S608 - put together from parts that stand here
_PUBLISHED = """
SELECT EXISTS (SELECT FROM matter m JOIN matter_list l ON l.id = m.list_id
               WHERE l.township_id = :t AND l.validity IS NOT NULL AND m.code = :code)
"""
