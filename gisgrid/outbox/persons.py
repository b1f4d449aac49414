"""How is somebody reached, and what do they want to hear of by which channel?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid
from gisgrid.core.messages import say
from gisgrid.db.tables.outbox import CHANNELS
from gisgrid.outbox.words import KIND_WORDS

_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_ADDRESS = re.compile(r"[\w.@+-]{1,64}")


@dataclass(frozen=True)
class Wants:
    """What an account said of its messages."""

    email: str | None = None
    """Confirmed; written by the person, what they want it to be."""
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
class WaitingEmail:
    """An address to which a code goes, or went."""

    email: str
    until: datetime | None
    """How long its code lasts; None: it is not sent yet."""

    @property
    def fresh(self) -> bool:
        return self.until is None or self.until > datetime.now(UTC)


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


def keep_mine(session: Session, wants: Wants) -> bool:
    """Keep what the transaction's account says; whether a code goes to a new e-mail address.

    Until the code is written (`confirm`) messages go to the address before, if there was one.

    Raises
    ------
    Invalid
        An address that is none, one end of the quiet hours without the other, or no hours between them; a new
        e-mail address where nobody of theirs sends mail, or too many of them on one day.
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
    values = {k: getattr(wants, k) for k in ("address", "language", "quiet_from", "quiet_until", "sound")}  # fmt: skip
    session.execute(text(_KEEP), values)
    rows = [
        {"kind": kind, "channel": channel, "wanted": wanted}
        for (kind, channel), wanted in (wants.wishes or {}).items()
        if kind in KIND_WORDS and channel in CHANNELS
    ]
    if rows:
        session.execute(text(_WISH), rows)
    return _keep_email(session, wants.email)


def waiting_email(session: Session) -> WaitingEmail | None:
    """The address of the transaction's account that waits for its code; None: none does."""
    row = session.execute(
        text(
            "SELECT email, expires_at FROM email_code "
            "WHERE account_id = my_account() AND email <> ''"
        )
    ).one_or_none()
    return None if row is None else WaitingEmail(row.email, row.expires_at)


def confirm(session: Session, code: str) -> Invalid | None:
    """Take the waiting address over by its code; None: it is done, else why not.

    What is returned is not raised here: a wrong code counts only where the transaction stays.
    """
    said = session.scalar(text("SELECT confirm_email(:code)"), {"code": "".join(code.split())[:20]})
    return Invalid(_NOT_CONFIRMED[said]) if said else None


def _keep_email(session: Session, email: str | None) -> bool:
    mine, waits = wants_of_mine(session).email, waiting_email(session)
    if email is None:
        session.execute(text("SELECT forget_email()"))
        return False
    if email == mine or (waits is not None and waits.email == email and waits.fresh):
        return False
    said = session.scalar(text("SELECT ask_email_code(:email)"), {"email": email})
    if said:
        raise Invalid(_NO_CODE[said])
    return True


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


_NO_CODE = {
    "no way": say("Your office has set up no e-mail yet: an address is confirmed once it has."),
    "too many": say("Five codes were sent within a day: ask for the next one tomorrow."),
}
_NOT_CONFIRMED = {
    "none": say("No code is on its way to you: write the address first, and wait for its letter."),
    "late": say("This code is older than half an hour: have a new one sent."),
    "wrong": say("This is not the code that was sent. After five wrong ones it counts no more."),
    "spent": say("Five wrong codes were written: have a new one sent."),
}

_KEEP = """
INSERT INTO outbox_person (account_id, address, language, quiet_from, quiet_until, sound)
VALUES (my_account(), :address, :language, :quiet_from, :quiet_until, :sound)
ON CONFLICT (account_id) DO UPDATE SET address = excluded.address,
    language = excluded.language, quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until,
    sound = excluded.sound
"""
_WISH = """
INSERT INTO outbox_wish (account_id, kind, channel, wanted) VALUES (my_account(), :kind, :channel, :wanted)
ON CONFLICT (account_id, kind, channel) DO UPDATE SET wanted = excluded.wanted
"""
