"""The half of a key that each phone of an account has from the server, and its withdrawal."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, NotFound

HALF_BYTES = 32


@dataclass(frozen=True)
class KeptPhone:
    """A phone that keeps something of an account's grid."""

    id: int
    made_at: datetime
    seen_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str | None


def give(session: Session, device: str) -> bytes:
    """The half of a phone of the transaction's account; made at the first asking.

    Raises
    ------
    Conflict
        It was withdrawn: the phone begins anew, under another name.
    """
    session.execute(text(_GIVE), {"device": device, "half": secrets.token_bytes(HALF_BYTES)})
    row = session.execute(text(_MINE), {"device": device}).one()
    if row.withdrawn_at is not None:
        raise Conflict("What this phone kept was withdrawn. Set it up anew.")
    return bytes(row.half)


def holds(session: Session, device: str) -> bool:
    """Whether a phone of the transaction's account may go on keeping what it has."""
    row = session.execute(text(_MINE), {"device": device}).one_or_none()
    return row is not None and row.withdrawn_at is None


def heard_of(session: Session, device: str) -> None:
    """Note that a phone of the transaction's account has asked today."""
    session.execute(text(_HEARD), {"device": device})


def phones_of(session: Session, account_id: int) -> list[KeptPhone]:
    """The phones of an account, those that still hold first, for the account itself or who keeps it."""
    rows = session.execute(text(_PHONES), {"account": account_id}).mappings()
    return [KeptPhone(**row) for row in rows]


def withdraw(session: Session, account_id: int, phone_id: int, *, who: str) -> None:
    """Withdraw one phone's half; it opens nothing once it hears of it, and no new half is given to it.

    Raises
    ------
    NotFound
        The account has no such phone, or the asker does not keep it.
    """
    done = session.execute(
        text(_WITHDRAW), {"account": account_id, "phone": phone_id, "who": who}
    ).one_or_none()
    if done is None:
        raise NotFound("This account has no such phone.")


def withdraw_mine(session: Session, *, who: str) -> None:
    """Withdraw the halves of all phones of the transaction's account: it has logged out everywhere."""
    session.execute(text(_WITHDRAW_MINE), {"who": who})


_GIVE = """
INSERT INTO phone_half (account_id, device, half) VALUES (my_account(), :device, :half)
ON CONFLICT (account_id, device) DO NOTHING
"""
_MINE = (
    "SELECT half, withdrawn_at FROM phone_half WHERE account_id = my_account() AND device = :device"
)
_HEARD = """
UPDATE phone_half SET seen_at = now()
WHERE account_id = my_account() AND device = :device AND seen_at < now() - interval '1 hour'
"""
_PHONES = """
SELECT id, made_at, seen_at, withdrawn_at, withdrawn_by FROM phone_half WHERE account_id = :account
ORDER BY withdrawn_at IS NOT NULL, seen_at DESC, id LIMIT 20
"""
_WITHDRAW = """
UPDATE phone_half SET withdrawn_at = coalesce(withdrawn_at, now()), withdrawn_by = coalesce(withdrawn_by, :who)
WHERE account_id = :account AND id = :phone RETURNING id
"""
_WITHDRAW_MINE = """
UPDATE phone_half SET withdrawn_at = now(), withdrawn_by = :who WHERE account_id = my_account() AND withdrawn_at IS NULL
"""
