"""What waits for whoever watches over accounts and over what was opened?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class UnmaskedReads:
    """Who opened personal data, how often, for what."""

    account_name: str
    purpose: str | None
    n: int


@dataclass(frozen=True)
class NoSecondFactor:
    """An active account that logs in with a password alone."""

    name: str
    display_name: str
    last_login_at: datetime | None


def opened_since(session: Session, now: datetime, *, days: int = 7) -> list[UnmaskedReads]:
    """Personal data that were opened within days, by account and purpose, most first, as far as the audit is seen."""
    rows = session.execute(text(_OPENED), {"since": now - timedelta(days=days)}).mappings()
    return [UnmaskedReads(**row) for row in rows]


def no_second_factor(session: Session) -> list[NoSecondFactor]:
    """Active accounts without a second factor, of those that the asker administers, by name."""
    rows = session.execute(text(_NO_SECOND)).mappings()
    return [NoSecondFactor(**row) for row in rows]


_OPENED = """
SELECT account_name, purpose, count(*) AS n FROM audit_entry
WHERE action = 'unmask' AND at >= :since GROUP BY account_name, purpose
ORDER BY n DESC, account_name COLLATE "C", purpose
"""
_NO_SECOND = """
SELECT name, display_name, last_login_at FROM account_listed WHERE active AND NOT second_factor
ORDER BY name COLLATE "C"
"""
