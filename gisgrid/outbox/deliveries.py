"""How does the outbox stand, for whoever has the server? What waits, what was given up; to be tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotFound
from gisgrid.outbox.channels import config_of
from gisgrid.outbox.letters import Letter, way_of
from gisgrid.outbox.words import ToldMessage


@dataclass(frozen=True)
class DeliveryCount:
    """How many deliveries of a kind stand how, by one channel."""

    kind: str
    channel: str
    state: str
    n: int
    oldest: datetime


@dataclass(frozen=True)
class DeliveryRow:
    """One that waits or was given up; whom it was for is told by the name of the account."""

    id: int
    kind: str
    code: str
    channel: str
    account: str | None
    """None: the group behind the gateway."""
    state: str
    tries: int
    next_at: datetime | None
    failed: str | None


@dataclass(frozen=True)
class GivenUp:
    """A delivery that was given up, without whom it was for."""

    id: int
    kind: str
    code: str
    channel: str
    tries: int
    ended_at: datetime
    failed: str | None


def counts(session: Session, township_id: int | None = None) -> list[DeliveryCount]:
    """All deliveries by kind, channel and state; of one township, if one is named."""
    rows = session.execute(
        text(
            "SELECT m.kind, d.channel, d.state, count(*) AS n, min(m.at) AS oldest "
            "FROM outbox_delivery d JOIN outbox_message m ON m.id = d.message_id "
            "WHERE CAST(:t AS bigint) IS NULL OR m.township_id = :t "
            "GROUP BY m.kind, d.channel, d.state ORDER BY m.kind, d.channel, d.state"
        ),
        {"t": township_id},
    )
    return [DeliveryCount(**row._mapping) for row in rows]


def standing(session: Session, state: str, *, most: int = 50) -> list[DeliveryRow]:
    """Deliveries that wait or were given up, the newest first."""
    rows = session.execute(
        text(
            "SELECT d.id, m.kind, m.code, d.channel, k.name AS account, d.state, d.tries, d.next_at, "
            "d.failed FROM outbox_delivery d JOIN outbox_message m ON m.id = d.message_id "
            "LEFT JOIN account k ON k.id = d.account_id WHERE d.state = :state "
            "AND d.channel <> 'badge' ORDER BY d.id DESC LIMIT :most"
        ),
        {"state": state, "most": most},
    )
    return [DeliveryRow(**row._mapping) for row in rows]


def given_up(session: Session, township_id: int, *, most: int = 50) -> list[GivenUp]:
    """What could not be sent of a township's messages, the newest first."""
    rows = session.execute(
        text(
            "SELECT d.id, m.kind, m.code, d.channel, d.tries, d.ended_at, d.failed "
            "FROM outbox_delivery d JOIN outbox_message m ON m.id = d.message_id "
            "WHERE m.township_id = :t AND d.state = 'failed' ORDER BY d.id DESC LIMIT :most"
        ),
        {"t": township_id, "most": most},
    )
    return [GivenUp(**row._mapping) for row in rows]


def try_channel(session: Session, township_id: int, channel: str) -> None:
    """Have one message sent to whoever asks by a channel of a township that they administer.

    Raises
    ------
    NotFound
        No such channel is on, or it knows no address of theirs.
    """
    sent = session.scalar(
        text("SELECT try_channel(:t, :channel)"), {"t": township_id, "channel": channel}
    )
    if sent is None:
        raise NotFound(
            "Nothing can be sent by {channel}: it is not on, or your own address is not in your message settings.",
            channel=channel,
        )


def retry(session: Session, numbers: Sequence[int] | None = None) -> int:
    """Have what was given up be tried again at once, from the first try; all of it without numbers.

    Its token stays, so that a receiver who did get it sees that.

    Raises
    ------
    NotFound
        A number of none that was given up.
    """
    done = session.scalars(
        text(
            "UPDATE outbox_delivery SET state = 'waiting', tries = 0, next_at = now(), ended_at = NULL "
            "WHERE state = 'failed' AND (CAST(:ids AS bigint[]) IS NULL OR id = ANY (CAST(:ids AS bigint[]))) "
            "RETURNING id"
        ),
        {"ids": None if numbers is None else list(numbers)},
    ).all()
    if lost := sorted(set(numbers or ()) - set(done)):
        raise NotFound("There is no delivery {number} that could not be sent.", number=lost[0])
    return len(done)


def send_test(
    session: Session, channel: str, *, township_id: int | None, to: str, base: str, language: str
) -> None:
    """Send a message of no account by a channel, at once; nothing of it is kept.

    Raises
    ------
    NotFound
        There is no such channel.
    GatewayDown, NotTaken, Refused
        As `gisgrid.outbox.letters` has it.
    """
    row = session.execute(
        text(
            "SELECT config, secret FROM outbox_channel WHERE channel = :c AND active "
            "AND (township_id IS NULL OR township_id = CAST(:t AS bigint)) "
            "ORDER BY township_id NULLS LAST LIMIT 1"
        ),
        {"c": channel, "t": township_id},
    ).one_or_none()
    if row is None:
        raise NotFound(
            "There is no channel {channel} that this township may use; set it up first.",
            channel=channel,
        )
    told = ToldMessage(
        0, "task", False, "test", 0, "TEST", None, None, datetime.now(UTC)
    )  # fmt: skip
    with way_of(config_of(channel, row.config), row.secret) as way:
        way.send(Letter(str(uuid4()), to, told, language, base))
