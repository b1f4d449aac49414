"""Tokens: how programs log in, with part of an account's rights and until a day."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotFound, NotKnown
from gisgrid.core.rights import RIGHT_WORDS
from gisgrid.people.accounts import account_named, refuse_unmanaged
from gisgrid.people.login import present
from gisgrid.people.privacy.audit import note

LONGEST_DAYS = 365
_TOKEN = re.compile(r"ggt_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class TokenInfo:
    """A token without its secret."""

    id: int
    account: str
    name: str
    scopes: tuple[str, ...]
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True)
class Bearer:
    """Whom a presented token speaks for, and how far."""

    account_id: int
    account: str
    scopes: frozenset[str]


def add_token(
    session: Session, account: str, name: str, scopes: list[str], *, days: int
) -> tuple[TokenInfo, str]:
    """A new token of an account and its secret, which is told this once and kept nowhere.

    Parameters
    ----------
    scopes
        Names of rights; the token has those of them that its account has when it is used.
    days
        1 to ``LONGEST_DAYS``.

    Raises
    ------
    Invalid
        No scope, an unknown one, or too many days.
    Conflict
        The account has a token of this name.
    NotFound
        No such account.
    """
    who = account_named(session, account)
    refuse_unmanaged(session, who)
    if not name.strip():
        raise Invalid("A token needs a name: what the program is.")
    unknown = sorted(set(scopes) - set(RIGHT_WORDS))
    if unknown or not scopes:
        raise Invalid(
            "A token needs scopes out of: {known}.", known=list(RIGHT_WORDS), unknown=unknown
        )
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid("A token lasts 1 to {longest_days} days.", longest_days=LONGEST_DAYS)
    secret = f"ggt_{secrets.token_urlsafe(32)}"
    new = session.scalar(
        text(_ADD),
        {
            "account": who.id,
            "name": name.strip(),
            "hash": _hash(secret),
            "scopes": sorted(set(scopes)),
            "until": datetime.now(UTC) + timedelta(days=days),
        },
    )
    if new is None:
        raise Conflict("{who} has a token {name!r} already.", who=who.name, name=name)
    note(session, "token", "access_token", new)
    return next(each for each in tokens(session, account) if each.id == new), secret


def tokens(session: Session, account: str | None = None) -> list[TokenInfo]:
    """The tokens of an account, or of all, by account and name; revoked ones too."""
    rows = session.execute(
        text(_TOKENS), {"account": account and account_named(session, account).id}
    ).mappings()
    return [TokenInfo(**{**row, "scopes": tuple(row["scopes"])}) for row in rows]


def revoke_token(session: Session, account: str, name: str) -> None:
    """End a token now; NotFound if the account has none of the name that still counts."""
    who = account_named(session, account)
    refuse_unmanaged(session, who)
    done = session.scalar(
        text(
            "UPDATE access_token SET revoked_at = now() "
            "WHERE account_id = :account AND name = :name AND revoked_at IS NULL RETURNING id"
        ),
        {"account": who.id, "name": name},
    )
    if done is None:
        raise NotFound("{account} has no token {name!r}.", account=account, name=name)
    note(session, "revoke", "access_token", done)


def bearer(session: Session, secret: str) -> Bearer:
    """Whom a presented token speaks for.

    Raises
    ------
    NotKnown
        Unknown or forged, revoked, out of date, or its account is switched off.
    """
    unknown = NotKnown("This token is not known.")
    if not _TOKEN.fullmatch(secret):
        raise unknown
    word = _hash(secret).hex()
    present(session.connection(), word)
    row = session.execute(text(_FIND), {"hash": _hash(secret)}).one_or_none()
    if row is None:
        raise unknown
    if row.revoked_at is not None:
        raise NotKnown("This token was revoked.")
    if row.expires_at <= datetime.now(UTC):
        raise NotKnown("This token is out of date.")
    # Only now may its account be seen.
    present(session.connection(), word, row.account_id)
    name = session.scalar(
        text("SELECT name FROM account WHERE id = :id AND active"), {"id": row.account_id}
    )
    if name is None:
        raise unknown
    session.execute(text(_USED), {"id": row.id})
    return Bearer(row.account_id, name, frozenset(row.scopes))


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


_ADD = """
INSERT INTO access_token (account_id, name, token_hash, scopes, expires_at)
VALUES (:account, :name, :hash, :scopes, :until)
ON CONFLICT (account_id, name) DO NOTHING RETURNING id
"""

_TOKENS = """
SELECT t.id, k.name AS account, t.name, t.scopes, t.expires_at, t.last_used_at, t.revoked_at
FROM access_token t JOIN account k ON k.id = t.account_id
WHERE CAST(:account AS bigint) IS NULL OR t.account_id = :account
ORDER BY k.name COLLATE "C", t.name COLLATE "C"
"""

_FIND = """
SELECT id, account_id, scopes, expires_at, revoked_at FROM access_token WHERE token_hash = :hash
"""

# To the hour: a busy program need not write a row for each of its questions.
_USED = """
UPDATE access_token SET last_used_at = now()
WHERE id = :id AND coalesce(last_used_at, '-infinity') < now() - interval '1 hour'
"""
