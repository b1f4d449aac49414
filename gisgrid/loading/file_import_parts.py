"""What belongs to an import: the file as it was sent, its first rows, its refused rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.files.sniff import FORMS

PIECE = 1 << 20
"""Bytes of a file that stand in one row."""
LONGEST_NAME = 200
ENDINGS = tuple(FORMS)


def ending(name: str) -> str:
    """The ending that says how a file is read; a packed text is read as the text it is.

    >>> ending("房屋.CSV.gz"), ending("a.geojson"), ending("a")
    ('.csv', '.geojson', '')
    """
    return Path(name.lower().removesuffix(".gz")).suffix


def plain_name(name: str) -> str:
    r"""The last part of a path, without what cannot be seen, and not longer than a line.

    >>> plain_name("C:\\desk\\a\tb.csv")
    'ab.csv'
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    seen = "".join(c for c in last if c.isprintable()).strip()
    return seen if len(seen) <= LONGEST_NAME else seen[:150] + "…" + seen[-40:]


def part(session: Session, number: int, what: str) -> bytes | None:
    """What belongs to an import, for who sent it; None: there is none, it is gone, or another's."""
    pieces = session.scalars(text(_PART), {"id": number, "what": what}).all()
    return b"".join(map(bytes, pieces)) if pieces else None


def put_part(session: Session, number: int, what: str, pieces: Iterable[bytes]) -> None:
    """Keep what belongs to an import; there is none of that name yet."""
    for k, piece in enumerate(pieces):
        session.execute(
            text(
                "INSERT INTO file_import_part (import_id, what, number, content) "
                "VALUES (:id, :what, :k, :piece)"
            ),
            {"id": number, "what": what, "k": k, "piece": piece},
        )


def write_file(session: Session, number: int, path: Path) -> bool:
    """Write the file of an import to a path, a piece at a time; False: it is gone."""
    pieces: Iterator[Any] = session.execute(
        text(_PART), {"id": number, "what": "file"}, execution_options={"yield_per": 8}
    ).scalars()
    found = False
    with path.open("wb") as out:
        for piece in pieces:
            out.write(piece)
            found = True
    return found


_PART = """
SELECT content FROM file_import_part WHERE import_id = :id AND what = :what ORDER BY number
"""
