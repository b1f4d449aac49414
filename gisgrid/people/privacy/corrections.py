"""Somebody says that a record is wrong: the request, and what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Text, cast, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotAllowed, NotFound
from gisgrid.db.tables import Base
from gisgrid.files.columns import KINDS
from gisgrid.people.privacy import audit
from gisgrid.register import entries, households
from gisgrid.register.values import stored_value

KIND_OF = {"household": "households", "resident": "residents", "staff": "staff"}
"""Table of a person's record to the kind of file whose columns say what it may hold."""
MOST_WORDS = 400
"""Characters of a reason."""
FIXED = ("code", "house", "household", "grid", "role", "since", "until", "verified_on")
"""What names or binds the record, or is somebody's doing, is no matter of correction."""


@dataclass(frozen=True)
class Correction:
    """A request; ``current`` is what the record holds now, as text, masked as far as who reads it may see."""

    id: int
    table: str
    code: str
    """Code of the record, masked where it holds a citizen ID; empty where it is gone."""
    column: str
    current: str | None
    proposed: str | None
    asked_by: str
    asked_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    house_id: int | None
    """Of the record; None: it is gone, or of the staff."""


def columns_of(table: str) -> tuple[str, ...]:
    """The columns of a record that may be corrected; Invalid for a table of no people."""
    if table not in KIND_OF:
        raise Invalid(
            "Records of {table!r} are not corrected so; known: {known}.",
            table=table,
            known=list(KIND_OF),
        )
    return tuple(c.name for c in KINDS[KIND_OF[table]].columns if c.name not in FIXED)


def ask(
    session: Session,
    township_id: int,
    *,
    table: str,
    code: str,
    column: str,
    proposed: str,
    asked_by: str,
) -> int:
    """Keep a request that a column of a record be another value; its number.

    ``proposed`` is written as in a file that is loaded; empty: nothing shall be recorded.

    Raises
    ------
    Invalid
        No such table or column, a value it cannot have, or the value it has already; nobody asks.
    NotFound
        No such record.
    Conflict
        A request for this column waits already.
    """
    value = _value(table, column, proposed)
    if not asked_by.strip():
        raise Invalid("Say who asks for the correction.")
    row_id, current = _record(session, township_id, table, code, column)
    if current == value:
        raise Invalid(
            "The {column} of {table} {code} is that already.", column=column, table=table, code=code
        )
    made = _kept(session, table, row_id, column=column, value=value, who=asked_by.strip())
    if made is None:
        raise Conflict(
            "A request for the {column} of {table} {code} waits already.",
            column=column,
            table=table,
            code=code,
        )
    return made


def ask_in_house(
    session: Session, house_id: int, *, table: str, row_id: int, column: str, proposed: str
) -> int:
    """Keep a request on a household or a person of a house, asked by the transaction's account; its number.

    Whether the record says so already is not told: whoever asks sees it masked.

    Raises
    ------
    Invalid
        No such column, or a value it cannot have.
    NotFound
        No such house, or the household or person is no longer there.
    NotAllowed
        The house lies where the account may not see registers.
    Conflict
        A request for this value waits already.
    """
    homes = households.register_of(session, house_id).households
    ids = {
        "household": [home.id for home in homes],
        "resident": [person.id for home in homes for person in home.residents],
    }
    if row_id not in ids.get(table, []):
        raise NotFound("The household or person is no longer registered here: open the house anew.")
    made = _kept(session, table, row_id, column=column, value=_value(table, column, proposed))
    if made is None:
        raise Conflict("A request for this value waits already.")
    return made


def decide(
    session: Session,
    township_id: int,
    number: int,
    *,
    accept: bool,
    who: str,
    reason: str | None = None,
) -> Correction:
    """Accept a request, which changes the record, or refuse it with a reason.

    ``who`` decides at the terminal; with an account it is whoever has it.

    The record's former state goes into history. A record may have changed since the request came:
    what is accepted is the proposed value.

    Raises
    ------
    NotFound
        No such request, or its record is gone.
    Conflict
        It is decided already; or whoever asked would decide.
    Invalid
        A refusal without a reason; the value was good once and is not now.
    """
    if not accept and not (reason and reason.strip()):
        raise Invalid("A refusal needs a reason.")
    waiting = next((c for c in corrections(session, township_id) if c.id == number), None)
    if (
        waiting is not None
        and waiting.state == "open"
        and waiting.column not in columns_of(waiting.table)
    ):
        raise Invalid("{column} is not corrected so.", column=waiting.column)
    try:
        said = session.scalar(
            text("SELECT decide_correction(:id, :t, :accept, :who, :why)"),
            {"id": number, "t": township_id, "accept": accept, "who": who,
             "why": (reason or "").strip()[:MOST_WORDS] or None},
        )  # fmt: skip
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "42501":
            raise NotAllowed(
                "Request {number} is about a record outside the area of your rights.", number=number
            ) from error
        raise
    if said == "unknown":
        raise NotFound("There is no request {number}.", number=number)
    if said == "own":
        raise Conflict("Whoever asks does not decide: let somebody else do it.")
    if said == "gone":
        raise NotFound("The record of request {number} is gone.", number=number)
    if said:
        raise Conflict("Request {number} is {state} already.", number=number, state=said)
    return next(c for c in corrections(session, township_id) if c.id == number)


def corrections(
    session: Session, township_id: int, state: str | None = None, *, opened: bool = False
) -> list[Correction]:
    """The requests of a township that whoever acts decides, oldest first, at the terminal all of them.

    Parameters
    ----------
    state
        open, accepted or refused; None: all.
    opened
        With their values and who asked, which are masked otherwise except at the terminal; takes the right to
        unmask and a declared purpose, and is on the audit.

    Raises
    ------
    NotAllowed
        Opened without the right or the purpose.
    """
    try:
        # The savepoint lets the refusal be put into words.
        with session.begin_nested():
            rows = session.execute(
                text("SELECT * FROM list_corrections(:t, :state, :opened)"),
                {"t": township_id, "state": state, "opened": opened},
            ).mappings()
            return [Correction(**row) for row in rows]
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "42501":
            raise audit.without_purpose(session) from error
        raise


def asked_by_me(session: Session) -> list[Correction]:
    """The requests that the transaction's account asked, oldest first, masked as a register is seen."""
    rows = session.execute(text("SELECT * FROM my_corrections()")).mappings()
    return [Correction(**row) for row in rows]


def _kept(
    session: Session,
    table: str,
    row_id: int,
    *,
    column: str,
    value: str | None,
    who: str | None = None,
) -> int | None:
    """Number of a new request; None: one for this value waits already."""
    try:
        number = session.scalar(
            text("SELECT ask_correction(:table, :row, :column, :value, :who)"),
            {"table": table, "row": row_id, "column": column, "value": value, "who": who},
        )
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "42501":
            raise NotAllowed("This house lies outside the area of your rights.") from error
        raise
    return None if number is None else int(number)


def _value(table: str, column: str, proposed: str) -> str | None:
    """The proposed value as it would be stored, by the same rules as a loaded file."""
    if column not in columns_of(table):
        raise Invalid(
            "The {column!r} of {table} is not corrected so; known: {columns_of}.",
            column=column,
            table=table,
            columns_of=list(columns_of(table)),
        )
    return stored_value(KIND_OF[table], column, proposed, called=entries.CALLED.get(column))


def _record(
    session: Session, township_id: int, table: str, code: str, column: str
) -> tuple[int, str | None]:
    rows = Base.metadata.tables[table].c
    shown = (
        func.array_to_string(rows[column], ";") if column == "needs" else cast(rows[column], Text)
    )
    row = session.execute(
        select(rows.id, shown.label("value")).where(
            rows.township_id == township_id, rows.code == code
        )
    ).one_or_none()
    if row is None:
        raise NotFound("There is no {table} {code!r}.", table=table, code=code)
    return int(row.id), row.value or None
