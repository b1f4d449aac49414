"""How is somebody reached, and what do they want to hear of by which channel?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid
from gisgrid.db.tables.outbox import CHANNELS
from gisgrid.outbox.words import KIND_WORDS

_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_ADDRESS = re.compile(r"[\w.@+-]{1,64}")


@dataclass(frozen=True)
class Wants:
    """What an account said of its messages."""

    email: str | None = None
    address: str | None = None
    """As the office's gateway knows them: a telephone, a user's name."""
    language: str | None = None
    quiet_from: time | None = None
    quiet_until: time | None = None
    sound: bool = False
    wishes: Mapping[tuple[str, str], bool] | None = None
    """By kind and channel; what is not said follows `unasked`."""

    def wants(self, kind: str, channel: str) -> bool:
        return (self.wishes or {}).get((kind, channel), unasked(kind, channel))


@dataclass(frozen=True)
class Ways:
    """Which channels the office has for an account; the badge is always there."""

    email: bool
    webhook: bool
    """One that goes to persons; a group's needs nobody's wish."""


def unasked(kind: str, channel: str) -> bool:
    """Whether a kind goes by a channel where nobody said so, as the function ``tell`` has it."""
    return channel == "badge" or kind == "emergency"


def wants_of_mine(session: Session) -> Wants:
    """What the transaction's account said."""
    row = session.execute(
        text(
            "SELECT email, address, language, quiet_from, quiet_until, sound FROM outbox_person "
            "WHERE account_id = my_account()"
        )
    ).one_or_none()
    said = session.execute(
        text("SELECT kind, channel, wanted FROM outbox_wish WHERE account_id = my_account()")
    )
    wishes = {(each.kind, each.channel): each.wanted for each in said}
    return Wants(**(dict(row._mapping) if row else {}), wishes=wishes)


def keep_mine(session: Session, wants: Wants) -> None:
    """Keep what the transaction's account says.

    Raises
    ------
    Invalid
        An address that is none, one end of the quiet hours without the other, or no hours between them.
    """
    if wants.email is not None and not _EMAIL.fullmatch(wants.email):
        raise Invalid("{address!r} is no e-mail address.", address=wants.email[:80])
    if wants.address is not None and not _ADDRESS.fullmatch(wants.address):
        raise Invalid(
            "An address for the gateway has up to 64 letters, digits and . @ + - _ without blanks."
        )
    if (wants.quiet_from is None) != (wants.quiet_until is None) or (
        wants.quiet_from is not None and wants.quiet_from == wants.quiet_until
    ):
        raise Invalid("Quiet hours need a beginning and another end.")
    values = {k: getattr(wants, k) for k in ("email", "address", "language", "quiet_from", "quiet_until", "sound")}  # fmt: skip
    session.execute(text(_KEEP), values)
    rows = [
        {"kind": kind, "channel": channel, "wanted": wanted}
        for (kind, channel), wanted in (wants.wishes or {}).items()
        if kind in KIND_WORDS and channel in CHANNELS
    ]
    if rows:
        session.execute(text(_WISH), rows)


def ways(session: Session) -> Ways:
    """The channels of the townships where whoever asks has a post, and of the installation."""
    row = session.execute(
        text(
            "SELECT coalesce(bool_or(channel = 'email'), false) AS email, "
            "coalesce(bool_or(channel = 'webhook' AND addressed), false) AS webhook "
            "FROM outbox_channel WHERE active "
            "AND (township_id IS NULL OR township_id = ANY ((SELECT posts FROM my_towns())::bigint[]))"
        )
    ).one()
    return Ways(row.email, row.webhook)


_KEEP = """
INSERT INTO outbox_person (account_id, email, address, language, quiet_from, quiet_until, sound)
VALUES (my_account(), :email, :address, :language, :quiet_from, :quiet_until, :sound)
ON CONFLICT (account_id) DO UPDATE SET email = excluded.email, address = excluded.address,
    language = excluded.language, quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until,
    sound = excluded.sound
"""
_WISH = """
INSERT INTO outbox_wish (account_id, kind, channel, wanted) VALUES (my_account(), :kind, :channel, :wanted)
ON CONFLICT (account_id, kind, channel) DO UPDATE SET wanted = excluded.wanted
"""
