"""The register kept at the door: what was seen, whom one met, and what has changed.

That somebody was there and found all as registered counts at once. What changes the register counts at
once or waits for the clerk, as the township's ``register_rule`` says; it always waits where somebody else
changed the same value since the page was read. Every line stays in the log with what stood there before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.core.codes import birth_dates, sexes
from gisgrid.core.errors import Conflict, Invalid
from gisgrid.core.heavy import Heavy
from gisgrid.core.messages import message
from gisgrid.db.listing import AS_IT_STANDS, Listing, count, portion
from gisgrid.register import sendings
from gisgrid.register.refusals import refused

if TYPE_CHECKING:
    from gisgrid.locate.addresses import aliases
    from gisgrid.register import house_changes, values
else:
    aliases = Heavy("gisgrid.locate.addresses.aliases")
    house_changes = Heavy("gisgrid.register.house_changes")
    values = Heavy("gisgrid.register.values")

OF_HOUSE = ("verified", "visited", "household_in", "alias")
AS_SUCH = ("house_gone", "house_split", "house_joined")
"""About a house as such; one about a new house is entered by `enter_house`."""
OF_HOUSEHOLD = ("household_out", "household_moved", "resident_in")
OF_RESIDENT = ("resident_out", "corrected")
PERSON = ("name", "citizen_id", "phone", "sex", "birth_date", "needs")
"""What is kept of a person, and may be corrected."""
VISITED_FOR = ("routine", "care", "event", "notice", "other")
MET = ("household", "neighbour", "nobody")
OUT_FOR = ("moved", "died", "other")
MOST_WORDS = 500
MOST = 500
"""Lines of one list."""
CALLED = {
    "name": message("Name"),
    "citizen_id": message("Identity number"),
    "phone": message("Telephone"),
    "sex": message("Sex"),
    "birth_date": message("Day of birth"),
    "needs": message("Special needs"),
}
"""What a person knows a value as."""
_SNAPSHOT = re.compile(r"\d+:\d+:[\d,]*")


@dataclass(frozen=True)
class EntryLine:
    """A line of the log, its values masked, or open where they were opened."""

    id: int
    house_id: int | None
    """None: the house is not there yet, or no longer."""
    address: str
    grid: str | None
    kind: str
    who: str
    at: datetime
    state: str
    conflict: bool
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    own: bool
    said: dict[str, Any]
    was: dict[str, Any]


COLUMNS = tuple(field.name for field in fields(EntryLine))
TEXTS = ("address", "grid", "who")


def page_version(session: Session) -> str:
    """What a page keeps that shows the register: by it the store knows what was changed since."""
    return str(session.scalar(text("SELECT pg_current_snapshot()::text")))


def enter(
    session: Session,
    kind: str,
    house_id: int,
    *,
    household_id: int | None = None,
    resident_id: int | None = None,
    said: Mapping[str, str] | None = None,
    seen: str | None = None,
    client_id: str,
    entered_at: datetime | None = None,
) -> sendings.Entered:
    """Write a line, and what it says into the register, or have it wait for the clerk.

    Parameters
    ----------
    said
        As written: columns of a person (``PERSON``), ``room``, ``house_id`` of where a household
        moved to, ``alias``, ``why``, ``met``, ``agreed``, ``next_on`` of a visit, ``out`` of who left. What is
        absent is not touched; what is empty is emptied by a correction.
    seen
        `page_version` of the page that it was entered on.
    client_id
        The page's own key: sent twice, taken once.
    house_id
        One that was joined to another since is that other, and the line waits for the clerk as a conflict.
    entered_at
        When it was written down on a phone that had no line; it counts as of that day. Who is no longer in the
        house then is a conflict that waits for the clerk, and no refusal. None: now.

    Raises
    ------
    Invalid
        A kind or value there is not, or a person's ID that contradicts their birthday or sex.
    Conflict
        Something else was sent under the key before, or a house cannot change as things stand.
    NotFound
        The house, household or person is no longer there.
    NotAllowed
        The house lies where the transaction's account may not keep the register.
    """
    digest = sendings.digest(kind, house_id, household_id, resident_id, said or {})
    if sent := sendings.before(session, client_id, digest):
        return sent
    if kind in AS_SUCH:
        town = session.scalar(
            text("SELECT township_id FROM house WHERE id = :id"), {"id": house_id}
        )
        told = house_changes.told(session, town or 0, kind, house_id, said or {})
    else:
        told = _told(kind, dict(said or {}))
    if (kind in OF_HOUSEHOLD and household_id is None) or (
        kind in OF_RESIDENT and resident_id is None
    ):
        raise Invalid("Say whom this is about.")
    if kind == "alias" and told["alias"] in aliases.of_house(session, house_id):
        raise Invalid("This house is called so already.")
    if seen is not None and not _SNAPSHOT.fullmatch(seen):
        raise Invalid("The page is too old: open the house anew.")
    asked = {
        "kind": kind, "house": house_id, "household": household_id, "resident": resident_id, "seen": seen,
        "client": client_id, "sent": digest, "entered": entered_at,
    }  # fmt: skip
    return _enter(session, _ENTER, told, asked)


def enter_house(
    session: Session,
    township_id: int,
    *,
    said: Mapping[str, str],
    client_id: str,
    entered_at: datetime | None = None,
) -> sendings.Entered:
    """Write a line about a house that the register does not have, as `enter` does about those it has.

    Raises
    ------
    Invalid
        No address or no place, a place in no grid or at another house, or an address that there is.
    Conflict
        As `enter` has it.
    NotAllowed
        The place lies where the transaction's account may not keep the register.
    """
    digest = sendings.digest("house_new", None, None, None, said)
    if sent := sendings.before(session, client_id, digest):
        return sent
    told = house_changes.told(session, township_id, "house_new", None, said)
    asked = {"t": township_id, "client": client_id, "sent": digest, "entered": entered_at}
    return _enter(session, _ENTER_HOUSE, told, asked)


def _enter(
    session: Session, statement: str, told: dict[str, Any], asked: dict[str, Any]
) -> sendings.Entered:
    if not asked["client"] or len(asked["client"]) > 64:
        raise Invalid("The page is too old: open the house anew.")
    said = json.dumps(told, ensure_ascii=False)
    try:
        row = session.execute(text(statement), asked | {"said": said}).one()
    except DBAPIError as error:
        refused(error)
        raise
    return sendings.Entered(row.entry_id, row.entry_state, row.in_conflict)


def entries_of_house(session: Session, house_id: int, *, most: int = 20) -> list[EntryLine]:
    """The last lines about a house that may be seen, newest first, masked."""
    rows = session.execute(text(_OF_HOUSE), {"house": house_id, "most": most}).mappings()
    return [EntryLine(**row) for row in rows]


def waiting(
    session: Session, township_id: int, *, most: int = MOST, skip: int = 0, listing: Listing = AS_IT_STANDS
) -> list[EntryLine]:  # fmt: skip
    """The lines that wait for whoever asks to decide, oldest first, masked; at most ``most``."""
    rows = portion(
        session, _WAITING, {"t": township_id}, listing, columns=COLUMNS, texts=TEXTS, limit=most, skip=skip
    )  # fmt: skip
    return [EntryLine(**{name: row[name] for name in COLUMNS}) for row in rows]


def count_waiting(session: Session, township_id: int, listing: Listing = AS_IT_STANDS) -> int:
    """How many lines `waiting` would list, were there no end."""
    values = {"t": township_id}
    if listing.words:
        return count(session, _WAITING, values, listing, columns=COLUMNS, texts=TEXTS)
    return int(session.scalar(text(_COUNT_WAITING), values) or 0)


def returned(session: Session, township_id: int, *, days: int = 30) -> list[EntryLine]:
    """One's own lines that came back within days, newest first."""
    rows = session.execute(text(_RETURNED), {"t": township_id, "days": days, "most": MOST})
    return [EntryLine(**row) for row in rows.mappings()]


def opened(session: Session, lines: Sequence[EntryLine]) -> list[EntryLine]:
    """The lines with their values open; the transaction must have declared a purpose, and the audit says so."""
    rows = session.execute(
        text("SELECT id, said, was FROM unmask_entry(CAST(:ids AS bigint[]))"),
        {"ids": [line.id for line in lines]},
    )
    open_ = {row.id: row for row in rows}
    return [_open(line, open_.get(line.id)) for line in lines]


def decide(session: Session, entry_ids: Sequence[int], *, accept: bool, reason: str = "") -> int:
    """Let lines into the register, or send them back with a reason; how many were decided.

    Those that somebody else decided meanwhile are passed over.

    Raises
    ------
    Invalid
        Sent back without a reason.
    Conflict
        One's own line: somebody else decides.
    NotFound
        What a line is about is gone.
    NotAllowed
        A line of a house where the account may not decide.
    """
    reason = reason.strip()[:MOST_WORDS]
    if not accept and not reason:
        raise Invalid("Whoever entered it is told why: write a reason.")
    done = 0
    rows = session.execute(text(_ADDRESSES), {"ids": list(entry_ids)})
    addresses = {row.id: str(row.address) for row in rows}
    for entry_id in sorted(set(entry_ids)):
        try:
            said = session.scalar(
                text("SELECT decide_entry(:id, :accept, nullif(:reason, ''))"),
                {"id": entry_id, "accept": accept, "reason": reason},
            )
        except DBAPIError as error:
            refused(error, address=addresses.get(entry_id) or "")
            raise
        if said == "own":
            raise Conflict("What you entered yourself is decided by somebody else.")
        done += said == ""
    return done


def _told(kind: str, said: dict[str, str]) -> dict[str, Any]:
    if kind == "verified":
        return {}
    if kind == "visited":
        return _visit(said)
    if kind == "alias":
        return dict(
            zip(("alias", "key", "grams"), aliases.keyed(said.get("alias", "")), strict=True)
        )
    if kind in ("household_in", "household_moved"):
        where = {} if kind == "household_in" else {"house_id": _house(said)}
        return {**where, "room": _words(said, "room", 60)}
    if kind in ("household_out", "resident_out"):
        return {"out": _one_of(said, "out", OUT_FOR)}
    if kind in ("resident_in", "corrected"):
        return _person(kind, said)
    raise Invalid("There is no entry {kind!r}.", kind=kind)


def _house(said: dict[str, str]) -> int:
    if not said.get("house_id", "").isdecimal():
        raise Invalid("Choose the house that they moved to.")
    return int(said["house_id"])


def _visit(said: dict[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "why": _one_of(said, "why", VISITED_FOR),
        "met": _one_of(said, "met", MET),
        "agreed": _words(said, "agreed", MOST_WORDS),
    }
    if written := said.get("next_on", "").strip():
        try:
            told["next_on"] = date.fromisoformat(written).isoformat()
        except ValueError:
            raise Invalid("{day!r} is no day: write it as 2026-12-31.", day=written) from None
    return told


def _person(kind: str, said: dict[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        column: values.stored_value("residents", column, written, called=CALLED[column])
        for column, written in said.items()
        if column in PERSON
    }
    if not told or (kind == "resident_in" and not told.get("name")):
        raise Invalid("Write the name.") if kind == "resident_in" else Invalid("Nothing changed.")
    number = told.get("citizen_id")
    if kind == "resident_in" and number:
        if told.get("birth_date") not in (None, birth_dates([number])[0]):
            raise Invalid("The identity number says another day of birth.")
        if told.get("sex") not in (None, sexes([number])[0]):
            raise Invalid("The identity number says another sex.")
        told |= {"birth_date": birth_dates([number])[0], "sex": sexes([number])[0]}
    if "needs" in told:
        told["needs"] = (told["needs"] or "").split(";") if told["needs"] else []
    return told


def _one_of(said: dict[str, str], name: str, known: Sequence[str]) -> str:
    if said.get(name) not in known:
        raise Invalid("Choose one of the answers.")
    return said[name]


def _words(said: dict[str, str], name: str, most: int) -> str | None:
    return said.get(name, "").strip()[:most] or None


def _open(line: EntryLine, row: Any) -> EntryLine:
    if row is None:
        return line
    # A house is shown by its address, which is masked nowhere, and kept by its number.
    return replace(
        line,
        said={k: v if k == "house_id" else row.said.get(k, v) for k, v in line.said.items()},
        was={k: v if k == "house_id" else row.was.get(k, v) for k, v in line.was.items()},
    )


_ENTER = """
SELECT entry_id, entry_state, in_conflict FROM enter_register(
    :kind, :house, CAST(:household AS bigint), CAST(:resident AS bigint), CAST(:said AS jsonb),
    CAST(CAST(:seen AS text) AS pg_snapshot), :client, :sent,
    CAST(:entered AS timestamptz))
"""
_ENTER_HOUSE = """
SELECT entry_id, entry_state, in_conflict FROM enter_house(
    :t, CAST(:said AS jsonb), :client, :sent, CAST(:entered AS timestamptz))
"""
_LINE = """
SELECT e.id, e.house_id, coalesce(h.address, e.was ->> 'address', (
           SELECT c.address FROM house_change c WHERE c.house_id = e.gone_house_id AND c.change IN ('gone', 'joined')
       ), e.said ->> 'address', '') AS address, g.name AS grid, e.kind, e.who, e.at, e.state, e.conflict, e.decided_by,
       e.decided_at, e.reason, e.account_id = my_account() AS own, e.said, e.was
FROM masked_register_entry e LEFT JOIN house h ON h.id = e.house_id
LEFT JOIN plan_in_force p ON p.township_id = e.township_id
LEFT JOIN house_grid a ON a.plan_id = p.id AND a.house_id = h.id LEFT JOIN grid g ON g.id = a.grid_id
"""
_OF_HOUSE = f"{_LINE} WHERE e.house_id = :house OR e.gone_house_id = :house ORDER BY e.at DESC, e.id DESC LIMIT :most"
# As the policy of the log has it, for the right to decide: sets, and not a question for each line.
_MINE_TO_DECIDE = """
WHERE e.township_id = :t AND e.state = 'waiting' AND (
    e.township_id = ANY ((SELECT my_townships('check_register'))::bigint[])
    OR e.community_id IS NOT NULL AND e.community_id = ANY ((SELECT my_communities('check_register'))::bigint[])
    OR EXISTS (
        SELECT FROM house_grid a
        WHERE a.house_id = e.house_id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
          AND a.grid_id = ANY ((SELECT my_grids('check_register'))::bigint[]))
    OR EXISTS (
        SELECT FROM house_grid a
        WHERE a.house_id = e.house_id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
          AND a.exclusive_grid_id = ANY ((SELECT my_grids('check_register'))::bigint[]))
    OR EXISTS (
        SELECT FROM house h
        WHERE h.id = e.house_id AND h.community_id = ANY ((SELECT my_communities('check_register'))::bigint[])
          AND (SELECT a.grid_id FROM house_grid a
               WHERE a.house_id = h.id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
               LIMIT 1) IS NULL))
"""
_WAITING = f"{_LINE} {_MINE_TO_DECIDE} ORDER BY e.at, e.id LIMIT :limit OFFSET :skip"
_ADDRESSES = """
SELECT id, said ->> 'address' AS address FROM masked_register_entry WHERE id = ANY (CAST(:ids AS bigint[])) AND said ? 'address'
"""
_COUNT_WAITING = f"SELECT count(*) FROM register_entry e {_MINE_TO_DECIDE}"  # noqa: S608 - parts that stand here
_RETURNED = f"""{_LINE}
WHERE e.township_id = :t AND e.state = 'returned' AND e.account_id = my_account()
  AND e.decided_at > now() - make_interval(days => :days)
ORDER BY e.decided_at DESC, e.id LIMIT :most
"""
