"""Photos of what was seen at a visit: kept with the line of the log, seen where it is seen, and gone with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotFound


def keep(
    session: Session,
    entry_id: int,
    *,
    sha256: str,
    width: int,
    height: int,
    jpeg: bytes,
    thumbnail: bytes,
) -> None:
    """Keep a picture with a line that the transaction's account wrote; the same file twice is kept once.

    Parameters
    ----------
    sha256
        Of the file as it was sent.
    jpeg, thumbnail
        Made small and free of everything but pixels.
    """
    session.execute(
        text(_KEEP),
        {
            "entry": entry_id, "sha": sha256, "width": width, "height": height, "jpeg": jpeg,
            "thumbnail": thumbnail,
        },
    )  # fmt: skip


def of_entries(session: Session, entry_ids: Sequence[int]) -> Mapping[int, list[int]]:
    """Numbers of the photos of lines, by line; lines without one are left out."""
    found: dict[int, list[int]] = {}
    for row in session.execute(text(_OF), {"ids": list(entry_ids)}):
        found.setdefault(row.entry_id, []).append(row.id)
    return found


def photo_bytes(session: Session, photo_id: int, *, thumbnail: bool = False) -> bytes:
    """The JPEG of a photo; NotFound where there is none that may be seen."""
    found = session.scalar(
        text(
            "SELECT CASE WHEN :small THEN thumbnail ELSE jpeg END FROM entry_photo WHERE id = :id"
        ),
        {"small": thumbnail, "id": photo_id},
    )
    if found is None:
        raise NotFound("There is no photo {photo_id}.", photo_id=photo_id)
    return bytes(found)


_KEEP = """
INSERT INTO entry_photo (entry_id, sha256, width, height, jpeg, thumbnail)
VALUES (:entry, :sha, :width, :height, :jpeg, :thumbnail) ON CONFLICT (entry_id, sha256) DO NOTHING
"""
_OF = """
SELECT id, entry_id FROM entry_photo WHERE entry_id = ANY (CAST(:ids AS bigint[])) ORDER BY id
"""
