"""Many rows into a table that holds few: indexes and references are made once, at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select, text
from sqlalchemy import table as named
from sqlalchemy.orm import Session

WORTH_IT = 20_000
"""Fewer new rows are put in one by one faster than an index is made."""


@contextmanager
def bulk_into(session: Session, table: str, new_rows: int) -> Iterator[bool]:
    """Take a table's secondary indexes and foreign keys away while rows are put in, then remake them.

    Only where the new rows outnumber those that are there, and for the table's owner; otherwise
    nothing is done. Of an empty
    table the unique keys go as well, and True is given: there is nothing to compare the rows with,
    nor a key that would find it. Sorted index builds and one join per reference take a tenth of the
    time of a million single insertions. All is part of the transaction: an error leaves the table as
    it was. The table is locked meanwhile.
    """
    if not owns(session, table):
        yield False
        return
    known = session.scalar(select(func.count()).select_from(named(table))) or 0
    if new_rows < max(WORTH_IT, known):
        yield False
        return
    made = session.execute(text(_MADE), {"table": table, "unique": known == 0}).all()
    for row in made:
        session.execute(text(row.drop))
    yield known == 0
    for row in reversed(made):
        session.execute(text(row.create))


def owns(session: Session, table: str) -> bool:
    """Whether the transaction's role has the rights of the table's owner."""
    return bool(session.scalar(text(_OWNS), {"table": table}))


_OWNS = """
SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = CAST(:table AS regclass)
"""

# References first, then unique keys that none refers to, then indexes; they come back in the
# opposite order.
_MADE = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname) AS drop,
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname,
              pg_get_constraintdef(c.oid)) AS create, c.contype = 'u' AS last
FROM pg_constraint c
WHERE c.conrelid = CAST(:table AS regclass) AND (c.contype = 'f' OR (
    c.contype = 'u' AND :unique
    AND NOT EXISTS (SELECT FROM pg_constraint r WHERE r.contype = 'f' AND r.conindid = c.conindid)))
UNION ALL
SELECT format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid), true
FROM pg_index i
WHERE i.indrelid = CAST(:table AS regclass) AND NOT i.indisunique
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
ORDER BY last
"""
