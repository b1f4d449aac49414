"""Sends what is due, and notes how it went: delivered, to be tried again after a growing pause, or given up.

A try is noted before it is made, with a lease; what a killed worker had in hand is due again when that
is over. So a message is never lost, and may come twice only with the same token.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.core.messages import packed
from gisgrid.db.store import transaction
from gisgrid.outbox.channels import config_of
from gisgrid.outbox.inbox import PLACED, TOLD
from gisgrid.outbox.letters import TIMEOUT_S, GatewayDown, Letter, NotTaken, Refused, Way, way_of
from gisgrid.outbox.words import ToldMessage


@dataclass(frozen=True)
class SendingPace:
    """How fast, and how often."""

    first_pause_s: float = 30.0
    """After the first try; doubled after each."""
    longest_pause_s: float = 3600.0
    tries: int = 16
    """Then it is given up: half a day after the first."""
    batch: int = 50
    batch_s: float = 60.0
    """What of a batch was not begun by then is put back."""
    lease_s: float = 300.0
    """Whoever has a batch in hand has it so long; longer than a batch and one try take."""
    timeout_s: float = TIMEOUT_S

    def pause_s(self, token: str, tries: int) -> float:
        """How long to wait after a number of tries.

        A quarter more or less, the same for the same try: what failed together does not come back together.

        >>> [round(SendingPace().pause_s("a", n)) for n in (1, 2, 3, 12)]
        [25, 70, 111, 3458]
        """
        pause = min(self.first_pause_s * 2.0 ** min(tries - 1, 30), self.longest_pause_s)
        part = int.from_bytes(hashlib.sha256(f"{token}:{tries}".encode()).digest()[:4]) / 2**32
        return pause * (0.75 + part / 2)


@dataclass(frozen=True)
class Installation:
    """What is told of the installation in each message."""

    base: str
    """Its address, without a slash at the end; empty: links have no host."""
    language: str


@dataclass(frozen=True)
class Due:
    """A delivery in hand."""

    id: int
    tries: int
    channel_id: int | None
    channel: str
    urgent: bool
    config: dict[str, Any]
    secret: str
    letter: Letter | None
    """None: it can no longer be addressed."""


def send_due(
    engine: Engine,
    here: Installation,
    pace: SendingPace = SendingPace(),
    *,
    stopped: Callable[[], bool] = lambda: False,
) -> Counter[str]:
    """Send all that is due now; how much was ``delivered``, ``failed`` for good, and put off (``later``)."""
    done: Counter[str] = Counter()
    while not stopped():
        taken = take(engine, here, pace)
        if not taken:
            return +done
        # One end for all: what is in hand longer than the lease would be sent by two.
        end = time.monotonic() + pace.batch_s
        for _, group in groupby(taken, key=lambda due: (due.urgent, due.channel_id)):
            done.update(_send(engine, list(group), pace, end, stopped))
    return +done


def take(engine: Engine, here: Installation, pace: SendingPace) -> list[Due]:
    """Deliveries that are due, urgent ones first, then by channel; for the length of a lease.

    Those whose person has quiet hours are put off to the end of these.
    """
    with transaction(engine) as session:
        session.execute(text(_QUIET))
        ids = session.scalars(
            text(_TAKE), {"most": pace.batch, "lease": pace.lease_s}
        ).all()  # fmt: skip
        rows = [dict(row) for row in session.execute(text(_DUE), {"ids": list(ids)}).mappings()]
        for row in rows:
            if row["kind"] == "email_code":
                row["code"] = _new_code(session, row["account_id"], row["email"])
                # Another address was asked for at this very moment: it has a letter of its own.
                row["email"] = row["email"] if row["code"] else None
    return [_due(row, here) for row in rows]


def _new_code(session: Session, account_id: int, email: str | None) -> str:
    """A code for an address, made for each try: nothing but its hash stands in the store. Empty: it waits no more."""
    code = f"{secrets.randbelow(10**6):06d}"
    hashed = hashlib.sha256(f"{account_id}:{code}".encode()).hexdigest()
    kept = session.scalar(text(_CODE), {"a": account_id, "email": email, "hash": hashed})
    return code if kept else ""


def _due(row: dict[str, Any], here: Installation) -> Due:
    own = ("delivery_id", "tries", "token", "email", "address", "language", "account_id", "channel",
           "channel_id", "config", "secret")  # fmt: skip
    of = {name: row.pop(name) for name in own}
    to = of["email"] if of["channel"] == "email" else of["address"]
    lost = of["channel_id"] is None or (of["account_id"] is not None and to is None)
    letter = None if lost else Letter(
        str(of["token"]), to or "", ToldMessage(**row), of["language"] or here.language, here.base
    )  # fmt: skip
    return Due(
        of["delivery_id"], of["tries"], of["channel_id"], of["channel"], row["urgent"], of["config"] or {},
        of["secret"] or "", letter,
    )  # fmt: skip


def _send(
    engine: Engine,
    group: list[Due],
    pace: SendingPace,
    end: float,
    stopped: Callable[[], bool],
) -> Counter[str]:
    """Send what goes by one channel, over one connection, and put back what was not begun at ``end``."""
    done: Counter[str] = Counter()
    lost = [due for due in group if due.letter is None]
    for due in lost:
        gone = GisgridError("The channel, or the address of the person, is gone.")
        done[_note(engine, due, pace, gone, last=True)] += 1
    waiting = [due for due in group if due.letter is not None]
    if not waiting:
        return done
    begun = 0
    try:
        with _way(group[0], pace) as way:
            for due in waiting:
                if stopped() or time.monotonic() > end:
                    break
                begun += 1
                done[_one(engine, way, due, pace)] += 1
    except GatewayDown as exc:
        # The one that found out has had its try; the others have not, and come after the same pause.
        begun = max(begun, 1)
        tried = waiting[begun - 1]
        done[_note(engine, tried, pace, exc)] += 1
        _put_back(engine, waiting[begun:], pace.pause_s(str(tried.id), tried.tries))
        done["later"] += len(waiting) - begun
    else:
        _put_back(engine, waiting[begun:], 0.0)
    return done


def _way(due: Due, pace: SendingPace) -> Way:
    """The channel of a delivery; GatewayDown where what it is set to cannot be used any more."""
    try:
        return way_of(config_of(due.channel, due.config), due.secret, pace.timeout_s)
    except (Invalid, KeyError) as exc:
        raise GatewayDown("What this channel is set to cannot be used: set it anew.") from exc


def _one(engine: Engine, way: Way, due: Due, pace: SendingPace) -> str:
    assert due.letter is not None  # noqa: S101 - the others were given up before
    try:
        way.send(due.letter)
    except Refused as exc:
        return _note(engine, due, pace, exc, last=True)
    except NotTaken as exc:
        return _note(engine, due, pace, exc)
    with transaction(engine) as session:
        session.execute(text(_DELIVERED), {"id": due.id})
    return "delivered"


def _note(
    engine: Engine, due: Due, pace: SendingPace, exc: GisgridError, *, last: bool = False
) -> str:
    """Note a try that came to nothing; ``failed``, or ``later``."""
    over = last or due.tries >= pace.tries
    token = due.letter.token if due.letter else str(due.id)
    with transaction(engine) as session:
        session.execute(
            text(_FAILED if over else _LATER),
            {
                "id": due.id, "pause": pace.pause_s(token, due.tries), "why": packed(exc.said),
            },
        )  # fmt: skip
    return "failed" if over else "later"


def _put_back(engine: Engine, rest: Iterable[Due], pause_s: float) -> None:
    if ids := [due.id for due in rest]:
        with transaction(engine) as session:
            session.execute(text(_PUT_BACK), {"ids": ids, "pause": pause_s})


# By the clock of the township: the next time that the hour of the end comes.
_QUIET = """
UPDATE outbox_delivery d SET next_at = CASE
        WHEN here.now::date + s.quiet_until > here.now THEN here.now::date + s.quiet_until
        ELSE here.now::date + 1 + s.quiet_until END AT TIME ZONE here.zone
FROM outbox_message m
LEFT JOIN township t ON t.area_id = m.township_id
CROSS JOIN LATERAL (SELECT coalesce(t.time_zone, 'Asia/Shanghai') AS zone,
    now() AT TIME ZONE coalesce(t.time_zone, 'Asia/Shanghai') AS now) here, outbox_person s
WHERE m.id = d.message_id AND s.account_id = d.account_id AND d.state = 'waiting' AND d.next_at <= now()
  AND NOT m.urgent AND s.quiet_from IS NOT NULL
  AND CASE WHEN s.quiet_from < s.quiet_until
           THEN here.now::time >= s.quiet_from AND here.now::time < s.quiet_until
           ELSE here.now::time >= s.quiet_from OR here.now::time < s.quiet_until END
"""
_TAKE = """
UPDATE outbox_delivery d SET tries = d.tries + 1, next_at = now() + make_interval(secs => :lease)
FROM (SELECT o.id FROM outbox_delivery o JOIN outbox_message m ON m.id = o.message_id
      WHERE o.state = 'waiting' AND o.next_at <= now() AND coalesce((
          SELECT c.active FROM outbox_channel c
          WHERE c.channel = o.channel AND (c.township_id = m.township_id OR c.township_id IS NULL)
          ORDER BY c.township_id NULLS LAST LIMIT 1), true)
      ORDER BY m.urgent DESC, o.next_at, o.id LIMIT :most FOR UPDATE OF o SKIP LOCKED) due
WHERE d.id = due.id RETURNING d.id
"""
_DUE = f"""
SELECT {TOLD}, d.id AS delivery_id, d.tries, d.token, d.account_id, d.channel, s.address,
       CASE WHEN m.kind = 'email_code' THEN e.email ELSE s.email END AS email,
       s.language, c.id AS channel_id, c.config, c.secret
FROM outbox_delivery d JOIN outbox_message m ON m.id = d.message_id {PLACED}
LEFT JOIN (outbox_person s JOIN account k ON k.id = s.account_id AND k.active) ON s.account_id = d.account_id
LEFT JOIN (email_code e JOIN account o ON o.id = e.account_id AND o.active) ON e.account_id = d.account_id
LEFT JOIN LATERAL (
    SELECT c.id, c.config, c.secret FROM outbox_channel c
    WHERE c.channel = d.channel AND (c.township_id = m.township_id OR c.township_id IS NULL)
    ORDER BY c.township_id NULLS LAST LIMIT 1
) c ON true
WHERE d.id = ANY (:ids) ORDER BY m.urgent DESC, c.id, d.id
"""  # noqa: S608 - put together from parts that stand here
_CODE = """
UPDATE email_code SET code_hash = :hash, expires_at = now() + interval '30 minutes'
WHERE account_id = :a AND email = :email RETURNING true
"""
_DELIVERED = """
UPDATE outbox_delivery SET state = 'delivered', ended_at = now(), failed = NULL
WHERE id = :id AND state = 'waiting'
"""
_LATER = """
UPDATE outbox_delivery SET next_at = now() + make_interval(secs => :pause), failed = :why
WHERE id = :id AND state = 'waiting'
"""
_FAILED = """
UPDATE outbox_delivery SET state = 'failed', ended_at = now(), next_at = NULL, failed = :why
WHERE id = :id AND state = 'waiting'
"""
_PUT_BACK = """
UPDATE outbox_delivery SET tries = tries - 1, next_at = now() + make_interval(secs => :pause)
WHERE id = ANY (:ids) AND state = 'waiting'
"""
