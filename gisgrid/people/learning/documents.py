"""Which documents are issued, in which version, and who has read them?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import PurePath

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.db.tables.people import ROLES
from gisgrid.files.exports import Sheet
from gisgrid.people.learning.media import media_type
from gisgrid.people.learning.names import named

LONGEST_CODE = 60


@dataclass(frozen=True)
class Number:
    """The number of a version; ``new`` is False where the same file was the newest already."""

    number: int
    new: bool


@dataclass(frozen=True)
class Issued:
    """A document in its newest version, and how many of those asked have read it."""

    code: str
    title: str
    roles: tuple[str, ...]
    number: int
    file_name: str
    media_type: str
    size: int
    sha256: str
    issued_on: date
    issued_by: str
    due_on: date | None
    communities: tuple[str, ...]
    asked: int
    read: int

    def late(self, day: date) -> int:
        """How many of those asked have not read it, though its day is past."""
        return self.asked - self.read if self.due_on is not None and self.due_on < day else 0


@dataclass(frozen=True)
class IssuedVersion:
    """One version with its bytes; ``newest`` is the number to read today."""

    id: int
    code: str
    title: str
    number: int
    newest: int
    file_name: str
    media_type: str
    sha256: str
    issued_on: date
    due_on: date | None
    content: bytes


@dataclass(frozen=True)
class PastVersion:
    """One version in the list of them, without its bytes."""

    number: int
    file_name: str
    size: int
    sha256: str
    issued_on: date
    issued_by: str
    due_on: date | None
    read: int
    """How many have ever read it."""


@dataclass(frozen=True)
class Reader:
    """A member of a team who is asked to read, or has read, a version."""

    staff: str
    name: str
    grids: tuple[str, ...]
    roles: tuple[str, ...]
    read_at: datetime | None
    """None: not this version."""
    earlier: int | None
    """The newest version before this one that was read."""


def issue(
    session: Session,
    township_id: int,
    code: str,
    *,
    file_name: str,
    content: bytes,
    day: date,
    who: str,
    title: str | None = None,
    roles: Sequence[str] | None = None,
    communities: Sequence[str] | None = None,
    due_on: date | None = None,
) -> Number:
    """Issue a file as the newest version of a document.

    The file that is the newest already changes nothing but title and ``roles``. A new code makes a new document, which needs a title. Everybody is asked to read a new version
    again. ``roles`` and ``communities`` (codes) are those whose reading is asked for; none given: as before,
    at first all. ``due_on`` is the last day by which this version is to be read.

    Raises
    ------
    Invalid
        The file is empty, too large, of no form that may be issued, or not what its name says; no
        title; no such role or community; it would have to be read before it is issued.
    Conflict
        An older version has the very same bytes.
    """
    kind = media_type(file_name, content)
    code = code.strip()
    refuse_code(session, township_id, code)
    refuse_strange(session, township_id, roles or (), communities or ())
    if due_on is not None and due_on < day:
        raise Invalid(
            "It would have to be read by {due_on}, which lies before {day}, its day of issue.",
            due_on=due_on, day=day,
        )  # fmt: skip
    document = session.execute(
        text(
            "SELECT id, title, roles, communities FROM document WHERE township_id = :t AND code = :code "
            "FOR UPDATE"
        ),
        {"t": township_id, "code": code},
    ).one_or_none()
    if document is None and not (title and title.strip()):
        raise Invalid("Document {code!r} is new: give it a title.", code=code)
    # An explicit upsert: two people may issue the same new document at once.
    document_id = session.execute(
        text(
            """
            INSERT INTO document AS d (township_id, code, title, roles, communities)
            VALUES (:t, :code, :title, :roles, :communities)
            ON CONFLICT (township_id, code) DO UPDATE SET title = excluded.title,
                roles = excluded.roles, communities = excluded.communities
            RETURNING id
            """
        ),
        {
            "t": township_id,
            "code": code,
            "title": title.strip() if title and title.strip() else document.title,  # type: ignore[union-attr]
            "roles": list(roles if roles is not None else document.roles if document else ()),
            "communities": list(
                communities if communities is not None else document.communities if document else ()
            ),
        },
    ).scalar_one()
    sha256 = hashlib.sha256(content).hexdigest()
    known = session.execute(
        text(
            "SELECT number, sha256 = :sha AS same FROM document_version WHERE document_id = :d "
            "ORDER BY number DESC"
        ),
        {"d": document_id, "sha": sha256},
    ).all()
    if known and known[0].same:
        return Number(known[0].number, new=False)
    if older := [row.number for row in known if row.same]:
        raise Conflict(
            "This very file was version {number} of document {code!r}.", code=code, number=older[0]
        )
    number = session.execute(
        text(
            """
            INSERT INTO document_version (document_id, number, file_name, media_type, content,
                                          sha256, issued_on, issued_by, due_on)
            VALUES (:d, :number, :file, :media, :content, :sha, :day, :who, :due) RETURNING number
            """
        ),
        {
            "d": document_id,
            "number": 1 + (known[0].number if known else 0),
            "file": PurePath(file_name).name,
            "media": kind,
            "content": content,
            "sha": sha256,
            "day": day,
            "who": who,
            "due": due_on,
        },
    ).scalar_one()
    return Number(int(number), new=True)


def documents(session: Session, township_id: int, day: date) -> list[Issued]:
    """All documents with their newest version, by code; who is asked depends on the day's teams."""
    rows = session.execute(text(_DOCUMENTS), {"t": township_id, "day": day, "code": None})
    return [
        Issued(**{**row, "roles": tuple(row["roles"]), "communities": tuple(row["communities"])})
        for row in rows.mappings()
    ]


def versions(session: Session, township_id: int, code: str) -> list[PastVersion]:
    """The versions of a document, the newest first; NotFound if there is no such document."""
    rows = session.execute(text(_VERSIONS), {"t": township_id, "code": code}).mappings().all()
    if not rows:
        raise NotFound("There is no document {code!r}.", code=code)
    return [PastVersion(**row) for row in rows]


def version(
    session: Session, township_id: int, code: str, number: int | None = None
) -> IssuedVersion:
    """One version of a document; the newest without a number. NotFound if there is none."""
    row = (
        session.execute(text(_VERSION), {"t": township_id, "code": code, "number": number})
        .mappings()
        .one_or_none()
    )
    if row is None:
        if number:
            raise NotFound(
                "There is no document {code!r} in version {number}.", code=code, number=number
            )
        raise NotFound("There is no document {code!r}.", code=code)
    return IssuedVersion(**row)


def mark_read(
    session: Session, township_id: int, code: str, staff: str, number: int | None = None
) -> datetime:
    """Note that a person of staff has read the newest version; when they first did.

    Raises
    ------
    NotFound
        No such document, version or person.
    Conflict
        ``number`` is not the newest: that one is to be read.
    """
    found = version(session, township_id, code, number)
    if found.number != found.newest:
        raise Conflict(
            "Version {newest} of document {code!r} is out: read that one.",
            code=code,
            newest=found.newest,
        )
    read_at = session.scalar(
        text(
            """
            INSERT INTO read_receipt AS r (version_id, staff_id)
            SELECT :version, id FROM staff WHERE township_id = :t AND code = :staff
            ON CONFLICT (version_id, staff_id) DO UPDATE SET read_at = r.read_at
            RETURNING read_at
            """
        ),
        {"version": found.id, "t": township_id, "staff": staff},
    )
    if read_at is None:
        raise NotFound("No person of staff has the code {staff!r}.", staff=staff)
    return read_at  # type: ignore[no-any-return]


def readers(
    session: Session,
    township_id: int,
    code: str,
    day: date,
    number: int | None = None,
    *,
    masked: bool = False,
) -> list[Reader]:
    """Who has read a version and who has not, of those who are asked on a day: the latter first.

    ``masked`` as in ``hours_by_worker``. Who has read it and is in no team any more stays on the list. NotFound: no such version.
    """
    found = version(session, township_id, code, number)
    rows = session.execute(
        text(named(_READERS, masked)),
        {"t": township_id, "day": day, "version": found.id, "code": code},
    ).mappings()
    return [
        Reader(**{**row, "grids": tuple(row["grids"]), "roles": tuple(row["roles"])})
        for row in rows
    ]


def readers_sheet(rows: Sequence[Reader]) -> Sheet:
    """The readers as a sheet of a workbook."""
    return Sheet(
        "阅读 readers",
        ("编码 staff", "姓名 name", "网格 grids", "身份 roles", "已读 read at (UTC)",
         "读过旧版 earlier version"),
        [
            (r.staff, r.name, ", ".join(r.grids), ", ".join(r.roles),
             r.read_at and r.read_at.astimezone(UTC).replace(tzinfo=None), r.earlier)
            for r in rows
        ],
    )  # fmt: skip


def refuse_code(session: Session, township_id: int, code: str) -> None:
    """Raise Invalid for a code that no new document may have; what is issued already keeps its own."""
    good = 0 < len(code) <= LONGEST_CODE and "/" not in code
    if not good and not session.scalar(
        text("SELECT EXISTS (SELECT FROM document WHERE township_id = :t AND code = :code)"),
        {"t": township_id, "code": code},
    ):
        raise Invalid(
            "A document has a code of at most {most} letters, without /.", most=LONGEST_CODE
        )


def refuse_strange(
    session: Session, township_id: int, roles: Sequence[str], communities: Sequence[str]
) -> None:
    """Raise Invalid for a part that no team has, or a community that is none of the township."""
    if strange := sorted(set(roles) - set(ROLES)):
        raise Invalid(
            "There is no part {strange!r} in a team; known: {known}.",
            strange=strange[0],
            known=list(ROLES),
        )
    known = session.scalars(
        text("SELECT code FROM area WHERE parent_id = :t AND level = 'community'"),
        {"t": township_id},
    ).all()
    if strange := sorted(set(communities) - set(known)):
        raise Invalid("There is no community {strange!r} in this township.", strange=strange[0])


_ASKED = """
asked AS (
    SELECT DISTINCT d.id AS document_id, m.staff_id
    FROM document d JOIN team_member m ON m.township_id = d.township_id
     AND m.during @> CAST(:day AS date)
     AND asked_to_read(d.roles, d.communities, d.township_id, m.role, m.grid_code)
    WHERE d.township_id = :t AND (CAST(:code AS text) IS NULL OR d.code = :code)
)
"""

_DOCUMENTS = f"""
WITH {_ASKED}
SELECT d.code, d.title, d.roles, v.number, v.file_name, v.media_type, v.size, v.sha256,
       v.issued_on, v.issued_by, v.due_on, d.communities, count(a.staff_id) AS asked, count(r.staff_id) AS read
FROM document d
JOIN LATERAL (SELECT id, number, file_name, media_type, length(content) AS size, sha256,
                     issued_on, issued_by, due_on
              FROM document_version WHERE document_id = d.id ORDER BY number DESC LIMIT 1) v ON true
LEFT JOIN asked a ON a.document_id = d.id
LEFT JOIN read_receipt r ON r.version_id = v.id AND r.staff_id = a.staff_id
WHERE d.township_id = :t
GROUP BY d.id, v.id, v.number, v.file_name, v.media_type, v.size, v.sha256, v.issued_on,
         v.issued_by, v.due_on
ORDER BY d.code COLLATE "C"
"""  # noqa: S608 - parts that stand here

_VERSION = """
SELECT v.id, d.code, d.title, v.number, (
           SELECT max(number) FROM document_version WHERE document_id = d.id) AS newest,
       v.file_name, v.media_type, v.sha256, v.issued_on, v.due_on, v.content
FROM document d JOIN document_version v ON v.document_id = d.id
WHERE d.township_id = :t AND d.code = :code
  AND (CAST(:number AS integer) IS NULL OR v.number = :number)
ORDER BY v.number DESC LIMIT 1
"""

_VERSIONS = """
SELECT v.number, v.file_name, length(v.content) AS size, v.sha256, v.issued_on, v.issued_by, v.due_on,
       (SELECT count(*) FROM read_receipt r WHERE r.version_id = v.id) AS read
FROM document d JOIN document_version v ON v.document_id = d.id
WHERE d.township_id = :t AND d.code = :code ORDER BY v.number DESC
"""

_READERS = f"""
WITH {_ASKED}
SELECT s.code AS staff, s.name,
       coalesce(array_agg(DISTINCT m.grid_code) FILTER (WHERE m.id IS NOT NULL), '{{}}') AS grids,
       coalesce(array_agg(DISTINCT m.role) FILTER (WHERE m.id IS NOT NULL), '{{}}') AS roles,
       r.read_at, (
           SELECT max(o.number) FROM read_receipt e JOIN document_version o ON o.id = e.version_id
           WHERE e.staff_id = s.id AND o.document_id = v.document_id AND o.number < v.number
       ) AS earlier
FROM document_version v
JOIN staff_named s ON s.id IN (SELECT staff_id FROM asked
                         UNION SELECT staff_id FROM read_receipt WHERE version_id = v.id)
LEFT JOIN read_receipt r ON r.version_id = v.id AND r.staff_id = s.id
LEFT JOIN team_member m ON m.staff_id = s.id AND m.during @> CAST(:day AS date)
WHERE v.id = :version
GROUP BY s.id, s.code, s.name, r.read_at, v.id
ORDER BY r.read_at IS NOT NULL, s.code COLLATE "C"
"""  # noqa: S608 - parts that stand here
