"""What workers' phones sent: each entry once, with the answer of its first sending; what was refused, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotFound

MOST_REFUSED = 200
"""Refusals of one list."""


class SentBefore(Exception):
    """The entry of this key was taken while another sending of it was under way."""


@dataclass(frozen=True)
class SentEntry:
    """An entry as it is sent."""

    key: str
    content: str
    """SHA-256 of all that it says."""
    what: str
    """Route that it goes to."""
    label: str
    house_id: int | None
    entered_at: datetime


@dataclass(frozen=True)
class KnownEntry:
    """What became of an entry that was sent before."""

    content: str
    state: str
    """``taken`` or ``refused``."""
    answer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RefusedEntry:
    """An entry of somebody else that was refused, for the clerk."""

    id: int
    who: str
    label: str
    house_id: int | None
    entered_at: datetime
    reason: str


def known(session: Session, key: str) -> KnownEntry | None:
    """What became of one's own entry of a key; None: it never came in."""
    row = session.execute(text(_KNOWN), {"key": key}).one_or_none()
    return None if row is None else KnownEntry(row.content, row.state, row.answer)


def claim(session: Session, entry: SentEntry) -> None:
    """Note that an entry is taken, in the transaction that takes it; one that was refused may be sent again.

    Waits for another transaction that takes the same entry.

    Raises
    ------
    SentBefore
        That one took it.
    """
    if session.scalar(text(_KEEP), _values(entry, "taken")) is None:
        raise SentBefore


def keep_answer(session: Session, key: str, answer: Mapping[str, Any]) -> None:
    """Keep what the first sending was told, to tell it again."""
    session.execute(
        text(
            "UPDATE phone_entry SET answer = CAST(:answer AS jsonb) "
            "WHERE account_id = my_account() AND key = :key"
        ),
        {"key": key, "answer": json.dumps(dict(answer), ensure_ascii=False)},
    )


def refuse(session: Session, entry: SentEntry, reason: str) -> None:
    """Keep that an entry was refused and why, in sight of who wrote it and of the clerk."""
    session.execute(text(_KEEP), _values(entry, "refused", reason))


def refused(session: Session, township_id: int, *, most: int = MOST_REFUSED) -> list[RefusedEntry]:
    """What was refused of others and may be seen by whoever asks, newest first; not what was put aside."""
    rows = session.execute(text(_REFUSED), {"t": township_id, "most": most}).mappings()
    return [RefusedEntry(**row) for row in rows]


def put_aside(session: Session, number: int) -> None:
    """The clerk has seen a refusal: it leaves the list, and its worker hears when.

    Raises
    ------
    NotFound
        No such refusal of somebody else is there for whoever asks, or no longer.
    """
    if not session.scalar(text("SELECT put_aside(:id)"), {"id": number}):
        raise NotFound("This entry is no longer here: it was mended, or put aside already.")


def aside(session: Session) -> dict[str, datetime]:
    """Of the asker's own refused entries those that the office has put aside: key to when."""
    rows = session.execute(text(_ASIDE))
    return {row.key: row.seen_at for row in rows}


def photos_kept(session: Session, hashes: Sequence[str]) -> list[str]:
    """Which photos, by the SHA-256 of what was sent, the store holds."""
    if not hashes:
        return []
    return list(
        session.scalar(text("SELECT photos_kept(CAST(:h AS text[]))"), {"h": list(hashes)}) or ()
    )


def _values(entry: SentEntry, state: str, reason: str | None = None) -> dict[str, Any]:
    return {
        "key": entry.key, "content": entry.content, "what": entry.what, "label": entry.label,
        "house": entry.house_id, "entered": entry.entered_at, "state": state, "reason": reason,
    }  # fmt: skip


_KNOWN = (
    "SELECT content, state, answer FROM phone_entry WHERE account_id = my_account() AND key = :key"
)
_KEEP = """
INSERT INTO phone_entry (account_id, key, content, township_id, house_id, staff_id, who, what, label, entered_at, state,
                         reason)
SELECT k.id, :key, :content,
       coalesce((SELECT h.township_id FROM house h WHERE h.id = CAST(:house AS bigint)), (SELECT posts[1] FROM my_towns())),
       CAST(:house AS bigint), k.staff_id, k.display_name, :what, :label, CAST(:entered AS timestamptz), :state, :reason
FROM account k WHERE k.id = my_account()
ON CONFLICT (account_id, key) DO UPDATE SET state = excluded.state, content = excluded.content,
    reason = excluded.reason, at = now(), seen_at = NULL WHERE phone_entry.state = 'refused'
RETURNING key
"""
_REFUSED = """
SELECT id, who, label, house_id, entered_at, reason FROM phone_entry
WHERE township_id = :t AND state = 'refused' AND seen_at IS NULL AND account_id IS DISTINCT FROM my_account()
ORDER BY at DESC, key LIMIT :most
"""
_ASIDE = """
SELECT key, seen_at FROM phone_entry
WHERE account_id = my_account() AND state = 'refused' AND seen_at IS NOT NULL ORDER BY key
"""
