"""The audit: what was opened or done by whom and why, and whether the record is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotAllowed
from gisgrid.db.listing import AS_IT_STANDS, Listing, portion


@dataclass(frozen=True)
class AuditRecord:
    """One row of the audit."""

    id: int
    at: datetime
    account_id: int | None
    account_name: str
    action: str
    subject: str
    row_ids: tuple[int, ...]
    purpose: str | None
    origin: str | None
    shown: str | None
    """What the account is called; None: there is none any more."""


@dataclass(frozen=True)
class ChainVerdict:
    """Whether the chain is whole."""

    entries: int
    broken: int | None
    """Number of the first row that does not vouch for the one before; None: whole."""
    last_hash: str
    """Hexadecimal; who notes it elsewhere can tell later whether the end was cut off."""
    noted_found: bool | None
    """Whether the noted hash is in the chain; None: none was given."""
    since: datetime | None = None
    """Of the first entry; None: there is none, or the chain was not computed by the store."""


def record(session: Session, action: str, subject: str, row_ids: Sequence[int]) -> None:
    """Add a row for who acts in this transaction; it stays if the transaction does.

    For what opens personal data by another road than ``gisgrid.people.unmask``.

    Raises
    ------
    NotAllowed
        The transaction declares no purpose, or one that is not on the list.
    """
    if not session.scalar(text("SELECT EXISTS (SELECT FROM purpose WHERE name = my_purpose())")):
        raise without_purpose(session)
    session.execute(
        text("SELECT audit(:action, :subject, CAST(:ids AS bigint[]))"),
        {"action": action, "subject": subject, "ids": list(row_ids)},
    )


def note(session: Session, action: str, subject: str, row_id: int) -> None:
    """Add a row for what was changed, which needs no purpose: an account, an appointment."""
    session.execute(
        text("SELECT audit(:action, :subject, ARRAY[CAST(:id AS bigint)])"),
        {"action": action, "subject": subject, "id": row_id},
    )


def note_export(session: Session, what: str, rows: int) -> None:
    """Add a row for a list that leaves as a file; its subject says how many rows it had."""
    session.execute(
        text("SELECT audit('export', :subject, '{}')"), {"subject": f"{what}: {rows} rows"}
    )


_COLUMNS = "id, at, account_id, account_name, action, subject, row_ids, purpose, origin"
COLUMNS = (*_COLUMNS.split(", "), "shown")
TEXTS = ("account_name", "shown", "action", "subject", "origin")


def entries(
    session: Session,
    *,
    account: str | None = None,
    since: date | None = None,
    until: date | None = None,
    subject: str | None = None,
    purpose: str | None = None,
    action: str | None = None,
    row_id: int | None = None,
    time_zone: str = "UTC",
    limit: int = 50,
    offset: int = 0,
    listing: Listing = AS_IT_STANDS,
) -> list[AuditRecord]:
    """The newest rows first, those that the asker may audit; ``since`` and ``until`` are both included.

    Parameters
    ----------
    time_zone
        Whose clock the days are of, as ``Asia/Shanghai``.
    account
        Log-in name, or what the account is called.
    action
        What was done, such as ``unmask``.
    subject
        A table or thing; of a list that left, its name without the number of rows.
    listing
        Another order, and words that an entry has.
    """
    asked = {
        "account": account, "since": since, "until": until, "subject": subject, "purpose": purpose,
        "action": action, "row": row_id, "zone": time_zone,
    }  # fmt: skip
    rows = portion(
        session, _ENTRIES, asked, listing, columns=COLUMNS, texts=TEXTS, limit=limit, skip=offset
    )
    return [
        AuditRecord(**{**{n: row[n] for n in COLUMNS}, "row_ids": tuple(row["row_ids"])})
        for row in rows
    ]


def verify_in_store(session: Session, *, noted: str | None = None) -> ChainVerdict:
    """The same verdict computed by the store, for who audits a part of it and cannot read the chain.

    `verify` is the one that trusts the store with nothing.

    Raises
    ------
    NotAllowed
        The account has no right to audit.
    """
    if not session.scalar(text("SELECT has_right('audit')")):
        raise NotAllowed("This account has no right to audit.")
    row = session.execute(text("SELECT * FROM check_audit(:noted)"), {"noted": noted}).one()
    return ChainVerdict(row.entries, row.broken, row.last_hash, row.noted_found, row.first_at)


def verify(session: Session, *, noted: str | None = None) -> ChainVerdict:
    """Compute every hash anew, here and not in the store, and compare.

    Parameters
    ----------
    noted
        A ``last_hash`` of an earlier day, in hexadecimal.
    """
    before, expected = b"", 1
    broken, found = None, False
    count = 0
    for row in _rows(session):
        count += 1
        right = hashlib.sha256(before + _text(row).encode()).digest()
        if broken is None and (row.id != expected or row.prev_hash != before or row.hash != right):
            broken = int(row.id)
        before, expected = bytes(row.hash), row.id + 1
        found = found or before.hex() == noted
    return ChainVerdict(count, broken, before.hex(), None if noted is None else found)


def without_purpose(session: Session) -> NotAllowed:
    """The refusal, with the purposes that may be declared."""
    known = session.scalars(text("SELECT name FROM purpose ORDER BY name")).all()
    return NotAllowed(
        "Say for which purpose; it can be: {known}.", missing="purpose", known=list(known)
    )


def _rows(session: Session) -> Iterator[Row[tuple[object, ...]]]:
    result = session.execute(text(_ALL), execution_options={"stream_results": True})
    yield from result.yield_per(1000)


def _text(row: Row[tuple[object, ...]]) -> str:
    at = row.at.astimezone(UTC)
    parts = [
        str(row.id),
        at.strftime("%Y-%m-%dT%H:%M:%S.%f"),
        None if row.account_id is None else str(row.account_id),
        row.account_name,
        row.action,
        row.subject,
        ",".join(map(str, row.row_ids)),
        row.purpose,
        row.origin,
    ]
    # The length before each part: no two rows can have one text.
    return "|".join("-" if part is None else f"{len(part)}:{part}" for part in parts)


_ALL = f"SELECT {_COLUMNS}, prev_hash, hash FROM audit_entry ORDER BY id"  # noqa: S608 - our columns

_ENTRIES = f"""
SELECT {_COLUMNS}, k.display_name AS shown
FROM audit_entry LEFT JOIN (SELECT n.id AS known, n.display_name FROM audited_names() n) k ON k.known = account_id
WHERE (CAST(:account AS text) IS NULL OR account_name = :account OR k.display_name = :account)
  AND (CAST(:since AS date) IS NULL OR at >= CAST(:since AS timestamp) AT TIME ZONE :zone)
  AND (CAST(:until AS date) IS NULL OR at < (CAST(:until AS timestamp) + interval '1 day') AT TIME ZONE :zone)
  AND (CAST(:subject AS text) IS NULL OR subject = :subject OR starts_with(subject, :subject || ': '))
  AND (CAST(:purpose AS text) IS NULL OR purpose = :purpose)
  AND (CAST(:action AS text) IS NULL OR action = :action)
  AND (CAST(:row AS bigint) IS NULL OR row_ids @> ARRAY[CAST(:row AS bigint)])
ORDER BY id DESC LIMIT :limit OFFSET :skip
"""  # noqa: S608 - our columns
