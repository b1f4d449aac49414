"""What do communities say to a document before it is issued, and what were they answered?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.areas import CommunityInfo, communities_of
from gisgrid.core.errors import Conflict, Invalid, NotAllowed, NotFound
from gisgrid.people.learning import documents
from gisgrid.people.learning.media import media_type

LONGEST = 4_000
"""Letters of a comment, and of an answer."""


@dataclass(frozen=True)
class CommentInfo:
    """What one community said."""

    id: int
    community: str
    community_en: str | None
    text: str
    who: str
    at: datetime
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None


@dataclass(frozen=True)
class DraftInfo:
    """A draft with its comments, without its bytes."""

    id: int
    code: str
    title: str
    file_name: str
    media_type: str
    size: int
    sent_on: date
    sent_by: str
    answer_by: date
    """Last day on which comments are taken."""
    communities: tuple[str, ...]
    """Codes of those that are asked; empty: all."""
    issued_as: int | None
    """Number of the version that it became; None: not issued."""
    comments: tuple[CommentInfo, ...] = ()

    @property
    def unanswered(self) -> int:
        return sum(each.answer is None for each in self.comments)

    def open(self, day: date) -> bool:
        """Whether comments are taken on a day."""
        return self.issued_as is None and day <= self.answer_by


def send(
    session: Session,
    township_id: int,
    code: str,
    *,
    title: str,
    file_name: str,
    content: bytes,
    day: date,
    answer_by: date,
    who: str,
    communities: Sequence[str] = (),
) -> int:
    """Send a draft to communities, none named: to all; its number.

    Raises
    ------
    Invalid
        Its file may not be issued; no code or title; no such community; comments would end before they begin.
    """
    kind = media_type(file_name, content)
    code, title = code.strip(), title.strip()
    documents.refuse_code(session, township_id, code)
    if not title:
        raise Invalid("Document {code!r} is new: give it a title.", code=code)
    documents.refuse_strange(session, township_id, (), communities)
    if answer_by < day:
        raise Invalid(
            "Comments would be taken until {answer_by}, which lies before {day}, the day on which it is sent.",
            answer_by=answer_by, day=day,
        )  # fmt: skip
    number = session.scalar(
        text(_SEND),
        {
            "t": township_id, "code": code, "title": title, "file": PurePath(file_name).name, "media": kind,
            "content": content, "sha": hashlib.sha256(content).hexdigest(), "day": day, "who": who,
            "until": answer_by, "communities": list(communities),
        },
    )  # fmt: skip
    return int(number or 0)


def drafts(session: Session, township_id: int) -> list[DraftInfo]:
    """The drafts of a township that whoever acts may see, the newest first, each with its comments."""
    rows = session.execute(text(_DRAFTS), {"t": township_id}).mappings().all()
    said: dict[int, list[CommentInfo]] = {}
    numbers = [row["id"] for row in rows]
    for row in session.execute(text(_COMMENTS), {"ids": numbers}).mappings():
        values = dict(row)
        said.setdefault(values.pop("draft_id"), []).append(CommentInfo(**values))
    return [
        DraftInfo(
            **{**row, "communities": tuple(row["communities"])},
            comments=tuple(said.get(row["id"], ())),
        )
        for row in rows
    ]


def draft(session: Session, township_id: int, number: int) -> DraftInfo:
    """One of them; NotFound if there is none that whoever acts may see."""
    found = next((each for each in drafts(session, township_id) if each.id == number), None)
    if found is None:
        raise NotFound("There is no draft {number}.", number=number)
    return found


def content(session: Session, township_id: int, number: int) -> bytes:
    """The bytes of a draft; NotFound as `draft`."""
    found = session.scalar(
        text("SELECT content FROM document_draft WHERE township_id = :t AND id = :id"),
        {"t": township_id, "id": number},
    )
    if found is None:
        raise NotFound("There is no draft {number}.", number=number)
    return bytes(found)


def own_communities(session: Session, township_id: int, found: DraftInfo) -> list[CommunityInfo]:
    """For which of the communities that are asked whoever acts may speak."""
    mine = set(session.scalars(text("SELECT unnest(my_communities('see_contacts'))")))
    return [
        each
        for each in communities_of(session, township_id)
        if each.id in mine and (not found.communities or each.code in found.communities)
    ]


def comment(
    session: Session,
    township_id: int,
    number: int,
    community_id: int,
    words: str,
    *,
    day: date,
    who: str,
) -> None:
    """Say something to a draft for a community.

    Raises
    ------
    NotFound
        No such draft.
    Conflict
        Its comments are closed, or it is issued.
    NotAllowed
        Whoever acts does not speak for that community, or it is not asked.
    Invalid
        Nothing is said, or too much.
    """
    found = draft(session, township_id, number)
    if not found.open(day):
        raise Conflict("Comments on this draft are closed since {day}.", day=found.answer_by)
    if community_id not in [each.id for each in own_communities(session, township_id, found)]:
        raise NotAllowed("You do not speak for that community, or it is not asked.")
    session.execute(
        text(
            "INSERT INTO draft_comment (draft_id, community_id, text, who) VALUES (:d, :c, :words, :who)"
        ),
        {"d": number, "c": community_id, "words": _words(words), "who": who},
    )


def answer(
    session: Session, township_id: int, number: int, comment_id: int, words: str, *, who: str
) -> None:
    """Answer a comment; a later answer takes the place of the one before.

    Raises
    ------
    NotFound
        No such draft or comment.
    Invalid
        Nothing is said, or too much.
    """
    draft(session, township_id, number)
    changed = session.scalar(
        text(_ANSWER), {"d": number, "id": comment_id, "words": _words(words), "who": who}
    )
    if changed is None:
        raise NotFound("There is no comment {number} on this draft.", number=comment_id)


def issue(
    session: Session,
    township_id: int,
    number: int,
    *,
    day: date,
    who: str,
    roles: Sequence[str] = (),
    communities: Sequence[str] = (),
    due_on: date | None = None,
) -> documents.Number:
    """Issue a draft as it was sent, as the newest version of its document.

    Raises
    ------
    Conflict
        It is issued already, or a comment has no answer.
    Invalid
        As `documents.issue`.
    """
    found = draft(session, township_id, number)
    if found.issued_as is not None:
        raise Conflict("This draft is issued already, as version {number}.", number=found.issued_as)
    if found.unanswered:
        raise Conflict(
            "Comments without an answer: {number}. Answer them first.", number=found.unanswered
        )
    made = documents.issue(
        session, township_id, found.code, file_name=found.file_name, content=content(session, township_id, number),
        day=day, who=who, title=found.title, roles=roles, communities=communities, due_on=due_on,
    )  # fmt: skip
    session.execute(
        text(_ISSUED), {"id": number, "t": township_id, "code": found.code, "number": made.number}
    )
    return made


def _words(words: str) -> str:
    words = words.strip()
    if not words:
        raise Invalid("Write what you have to say.")
    if len(words) > LONGEST:
        raise Invalid(
            "At most {most} letters are taken; these are {count}.", most=LONGEST, count=len(words)
        )
    return words


_SEND = """
INSERT INTO document_draft (township_id, code, title, file_name, media_type, content, sha256, sent_on,
                            sent_by, answer_by, communities)
VALUES (:t, :code, :title, :file, :media, :content, :sha, :day, :who, :until, :communities)
RETURNING id
"""

_DRAFTS = """
SELECT d.id, d.code, d.title, d.file_name, d.media_type, length(d.content) AS size, d.sent_on, d.sent_by,
       d.answer_by, d.communities, v.number AS issued_as
FROM document_draft d LEFT JOIN document_version v ON v.id = d.version_id
WHERE d.township_id = :t ORDER BY d.id DESC
"""

_COMMENTS = """
SELECT c.draft_id, c.id, a.name AS community, a.name_en AS community_en, c.text, c.who, c.at, c.answer,
       c.answered_by, c.answered_at
FROM draft_comment c JOIN area a ON a.id = c.community_id
WHERE c.draft_id = ANY (CAST(:ids AS bigint[])) ORDER BY c.at, c.id
"""

_ANSWER = """
UPDATE draft_comment SET answer = :words, answered_by = :who, answered_at = now()
WHERE id = :id AND draft_id = :d RETURNING id
"""

_ISSUED = """
UPDATE document_draft SET version_id = (
    SELECT v.id FROM document d JOIN document_version v ON v.document_id = d.id
    WHERE d.township_id = :t AND d.code = :code AND v.number = :number)
WHERE id = :id
"""
