"""The list of imports: files sent in the browser and loads by other roads, in one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.db.listing import AS_IT_STANDS, Listing, portion
from gisgrid.loading.file_imports import FileImportInfo


@dataclass(frozen=True)
class Listed:
    """One line of the list: a file sent in the browser, a load of the terminal, or both in one."""

    id: int | None
    """Of the file sent in the browser; None: it came by another road."""
    run_id: int | None
    kind: str | None
    township: str | None
    file_name: str
    sha256: str
    who: str
    at: datetime
    counts: dict[str, Any]
    stage: str
    state: str
    reversible: bool
    undoes_id: int | None
    undone_by_id: int | None


_FIELDS = tuple(field.name for field in fields(Listed))
COLUMNS = (*_FIELDS, "inserted", "updated", "refused")
TEXTS = ("file_name", "who", "sha256", "township")


def listed(
    session: Session, *, limit: int, skip: int = 0, listing: Listing = AS_IT_STANDS
) -> list[Listed]:
    """Files sent in the browser and loads by other roads that the asker may see, newest first."""
    rows = portion(
        session, _LISTED, {}, listing, columns=COLUMNS, texts=TEXTS, limit=limit, skip=skip
    )
    return [Listed(**{name: row[name] for name in _FIELDS}) for row in rows]


def same_file(session: Session, found: FileImportInfo) -> Listed | None:
    """The last load of the very same bytes that was not taken back; None: there is none."""
    values = {"sha256": found.sha256, "id": found.id, "kind": found.kind}
    row = session.execute(text(_SAME), values).mappings().one_or_none()
    return None if row is None else Listed(**row)


_EVERY = """
SELECT i.id, coalesce(i.run_id, l.id) AS run_id, coalesce(i.kind, l.kind) AS kind,
       coalesce(i.township, l.township) AS township, coalesce(i.file_name, l.file_name) AS file_name,
       coalesce(i.sha256, l.sha256) AS sha256, coalesce(l.who, i.who) AS who,
       coalesce(l.started_at, i.sent_at) AS at,
       coalesce(l.counts, i.imported, i.checked, '{}'::jsonb) AS counts,
       CASE WHEN coalesce(i.undone_by_id, l.undone_by_id) IS NOT NULL THEN 'undone'
            WHEN l.id IS NOT NULL OR i.imported IS NOT NULL THEN 'imported'
            WHEN i.checked IS NOT NULL THEN 'checked'
            WHEN i.looked IS NOT NULL THEN 'looked' ELSE 'sent' END AS stage,
       coalesce(i.state, 'done') AS state, coalesce(l.reversible, false) AS reversible,
       l.undoes_id, coalesce(i.undone_by_id, l.undone_by_id) AS undone_by_id
FROM file_import i FULL JOIN import_listed l ON l.id = i.run_id
"""

_LISTED = f"""
SELECT e.*, CAST(counts ->> 'inserted' AS bigint) AS inserted, CAST(counts ->> 'updated' AS bigint) AS updated,
       CAST(counts ->> 'refused' AS bigint) AS refused
FROM ({_EVERY}) e ORDER BY at DESC, run_id DESC NULLS FIRST LIMIT :limit OFFSET :skip
"""  # noqa: S608 - put together from parts that stand here

_SAME = f"""
SELECT * FROM ({_EVERY}) e
WHERE sha256 = :sha256 AND id IS DISTINCT FROM :id AND run_id IS NOT NULL AND undoes_id IS NULL
  AND undone_by_id IS NULL AND (CAST(:kind AS text) IS NULL OR kind = :kind)
ORDER BY at DESC, run_id DESC LIMIT 1
"""  # noqa: S608 - put together from parts that stand here
