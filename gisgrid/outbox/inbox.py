"""What was told to whoever asks, and what of it they have not read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.outbox.words import ToldMessage

CHANNEL = "outbox_changed"
"""Payload: numbers of the accounts whose messages changed, as a JSON list; null: of anybody."""


@dataclass(frozen=True)
class ReceivedMessage:
    """A message in somebody's list."""

    delivery_id: int
    told: ToldMessage
    state: str
    """``delivered``, ``read``, or ``muted``: never counted."""
    read_at: datetime | None
    others: tuple[tuple[str, str], ...]
    """Other channels by which it went to them, each with its state."""


@dataclass(frozen=True)
class Unread:
    """How much somebody has not read, and the newest emergency among it."""

    count: int
    newest: int
    """Number of the newest; 0: there is none."""
    urgent: ToldMessage | None
    urgent_delivery: int | None
    sound: bool
    """They want to hear it."""


def unread(session: Session) -> Unread:
    """Of the transaction's account."""
    row = session.execute(text(_UNREAD)).one()
    pressing = session.execute(text(f"{_LIST} AND d.state = 'delivered' AND m.urgent {_NEWEST}"), {"most": 1, "skip": 0})  # fmt: skip
    first = next((_received(each) for each in pressing.mappings()), None)
    return Unread(
        count=int(row.unread),
        newest=int(row.newest),
        urgent=first.told if first else None,
        urgent_delivery=first.delivery_id if first else None,
        sound=bool(row.sound),
    )


def received(session: Session, *, most: int = 50, skip: int = 0) -> list[ReceivedMessage]:
    """Of the transaction's account, the newest first."""
    rows = session.execute(text(_LIST + _NEWEST), {"most": most, "skip": skip}).mappings()
    return [_received(row) for row in rows]


def how_many(session: Session) -> int:
    """How many messages the transaction's account has."""
    return int(session.scalar(text(_COUNT)) or 0)


def mark_read(session: Session, delivery_ids: list[int] | None = None) -> int:
    """Note that the transaction's account has read some messages, or all; how many were unread.

    The account's other pages are told.
    """
    done = session.scalars(text(_READ), {"ids": delivery_ids}).all()
    if done:
        account = session.scalar(text("SELECT my_account()"))
        session.execute(
            text("SELECT pg_notify(:channel, :payload)"),
            {"channel": CHANNEL, "payload": json.dumps([account])},
        )
    return len(done)


def one(session: Session, delivery_id: int) -> ToldMessage | None:
    """A message by the number of its delivery to the transaction's account; None: not theirs."""
    row = session.execute(
        text(f"{_LIST} AND d.id = :id"), {"id": delivery_id}
    ).mappings().one_or_none()  # fmt: skip
    return None if row is None else _received(row).told


def _received(row: object) -> ReceivedMessage:
    values = dict(row)  # type: ignore[call-overload]
    own = {k: values.pop(k) for k in ("delivery_id", "state", "ended_at", "others")}
    return ReceivedMessage(
        own["delivery_id"], ToldMessage(**values), own["state"], own["ended_at"],
        tuple((o["channel"], o["state"]) for o in own["others"] or ()),
    )  # fmt: skip


TOLD = """m.id, m.kind, m.urgent,
       -- Lines of the register's log are told of as corrections; their numbers are of another table.
       CASE WHEN m.key LIKE 'entry:%' THEN 'entry' ELSE m.subject END AS subject, m.subject_id, m.code, w.code AS township,
       coalesce(g.name, m.grid_code) AS grid, m.at"""
"""The columns of a `ToldMessage`, of ``PLACED``."""
PLACED = """
LEFT JOIN area w ON w.id = m.township_id
LEFT JOIN plan_in_force p ON p.township_id = m.township_id
LEFT JOIN grid g ON g.plan_id = p.id AND g.code = m.grid_code
"""
_UNREAD = """
SELECT count(*) AS unread, coalesce(max(d.id), 0) AS newest,
       coalesce((SELECT s.sound FROM outbox_person s WHERE s.account_id = my_account()), false) AS sound
FROM outbox_delivery d
WHERE d.account_id = my_account() AND d.channel = 'badge' AND d.state = 'delivered'
"""
_LIST = f"""
SELECT {TOLD}, d.id AS delivery_id, d.state, d.ended_at, (
    SELECT jsonb_agg(jsonb_build_object('channel', o.channel, 'state', o.state) ORDER BY o.channel)
    FROM outbox_delivery o
    WHERE o.message_id = m.id AND o.account_id = d.account_id AND o.channel <> 'badge') AS others
FROM outbox_delivery d JOIN outbox_message m ON m.id = d.message_id {PLACED}
WHERE d.account_id = my_account() AND d.channel = 'badge'
"""  # noqa: S608 - put together from parts that stand here
_NEWEST = " ORDER BY d.id DESC LIMIT :most OFFSET :skip"
_COUNT = "SELECT count(*) FROM outbox_delivery d WHERE d.account_id = my_account() AND d.channel = 'badge'"
_READ = """
UPDATE outbox_delivery SET state = 'read', ended_at = now()
WHERE account_id = my_account() AND channel = 'badge' AND state = 'delivered'
  AND (CAST(:ids AS bigint[]) IS NULL OR id = ANY (CAST(:ids AS bigint[])))
RETURNING id
"""
