"""Locks by name, beside all transactions; they end with their holder, however that ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

_KEY = "hashtextextended(:name, 0)"


@contextmanager
def held(engine: Engine, name: str) -> Iterator[bool]:
    """Hold a lock meanwhile; False if another holds it, which is not waited for."""
    with engine.connect() as holder:
        got = bool(holder.scalar(text(f"SELECT pg_try_advisory_lock({_KEY})"), {"name": name}))
        # Only the lock matters here, and it outlives the transaction.
        holder.commit()
        try:
            yield got
        finally:
            if got:
                holder.scalar(text(f"SELECT pg_advisory_unlock({_KEY})"), {"name": name})


def is_free(session: Session, name: str) -> bool:
    """Whether nobody holds a lock; until the session's transaction ends nobody else can then take it."""
    got = session.scalar(text(f"SELECT pg_try_advisory_xact_lock({_KEY})"), {"name": name})
    return bool(got)
