"""Was this line sent before under its key, and is it the same?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict


@dataclass(frozen=True)
class Entered:
    """What became of a line."""

    id: int
    state: str
    """``done``: it counts; ``waiting``: the clerk decides."""
    conflict: bool
    """Somebody changed the same value since the page was read."""


def digest(*sent: Any) -> str:
    """What tells one sending from another; what was left empty is as good as absent."""
    plain = [
        {k: v for k, v in each.items() if v} if isinstance(each, Mapping) else each for each in sent
    ]
    return hashlib.blake2b(json.dumps(plain, sort_keys=True).encode(), digest_size=16).hexdigest()


def before(session: Session, client_id: str, now: str) -> Entered | None:
    """What became of a line that was sent before under a key, ``now`` being the `digest` of what is sent; None: it is new.

    Raises
    ------
    Conflict
        It was something else.
    """
    row = session.execute(text(_SENT), {"client": client_id, "digest": now}).one_or_none()
    if row is None:
        return None
    if not row.same:
        raise Conflict(
            "Something else was written down from this page before: open it anew, and write this there."
        )
    return Entered(row.entry_id, row.entry_state, row.in_conflict)


_SENT = """
SELECT entry_id, entry_state, in_conflict, same FROM entry_sent(:client, :digest)
"""
