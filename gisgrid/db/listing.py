"""A long list as somebody wants it: sorted by one of its columns, narrowed to words, whole in the store.

A page shows a portion; were only that sorted, its first row would not be the first of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    Text,
    column,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Listing:
    """What is wanted of a list; nothing by default, and then it stands in its own order."""

    sort: str = ""
    """A column of the list."""
    down: bool = False
    words: str = ""
    """Only rows that have this somewhere in their texts, whatever the case of its letters."""
    meant: tuple[tuple[str, str], ...] = ()
    """Columns and codes of which a list shows words that have this in them: such rows are found, too."""

    def __bool__(self) -> bool:
        return bool(self.sort or self.words)


def portion(
    session: Session,
    statement: str,
    values: Mapping[str, Any],
    listing: Listing,
    *,
    columns: Sequence[str],
    texts: Sequence[str],
    limit: int | None,
    skip: int = 0,
) -> Sequence[RowMapping]:
    """Rows of a list from ``skip`` on, at most ``limit``; rows that are equal in the column stand in the list's own order.

    Parameters
    ----------
    statement
        Gives the list in its own order, between ``:skip`` and ``:limit``.
    columns
        What it gives.
    texts
        Those of them that words are looked for in, and that are sorted as texts: Chinese by pinyin, a number in them by its
        size, so that house 9 stands before house 10; no codes of which other words are shown.
    """
    if not listing:
        values = {**values, "limit": limit, "skip": skip}
        return session.execute(text(statement), values).mappings().all()
    wanted = ordered(statement, listing, columns=columns, texts=texts).offset(skip)
    wanted = wanted if limit is None else wanted.limit(limit)
    return session.execute(wanted, {**values, **_WHOLE}).mappings().all()


def count(
    session: Session, statement: str, values: Mapping[str, Any], listing: Listing,
    *, columns: Sequence[str], texts: Sequence[str],
) -> int:  # fmt: skip
    """How many rows `portion` has to give."""
    rows = ordered(statement, listing, columns=columns, texts=texts).order_by(None).subquery()
    return session.scalar(select(func.count()).select_from(rows), {**values, **_WHOLE}) or 0


def ordered(
    statement: str, listing: Listing, *, columns: Sequence[str], texts: Sequence[str]
) -> Select[Any]:
    """The list as an expression, with its column ``nth`` beside the others."""
    rows: Subquery = text(statement).columns(*map(column, columns)).subquery("listed")
    # Nothing else says in which order the list itself stands.
    numbered = select(rows, func.row_number().over().label("nth")).subquery("numbered")
    found = select(numbered)
    if listing.words:
        said = func.lower(func.concat_ws(" ", *(numbered.c[name] for name in texts)))
        hits: list[ColumnElement[bool]] = [
            func.strpos(said, sql_cast(literal(listing.words.lower()), Text)) > 0
        ]
        hits += [sql_cast(numbered.c[name], Text) == code for name, code in listing.meant]
        found = found.where(or_(*hits))
    order = [numbered.c.nth]
    if listing.sort:
        by: Any = numbered.c[listing.sort]
        by = sql_cast(by, Text).collate("zh_natural") if listing.sort in texts else by
        order.insert(0, by.desc().nulls_last() if listing.down else by.asc().nulls_first())
    return found.order_by(*order)


AS_IT_STANDS = Listing()
_WHOLE = {"limit": None, "skip": 0}
