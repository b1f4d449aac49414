"""Files that an office sends, what it asks the worker to do with them, what came of it.

Whoever acts is held to the store's policies (``file_import``): these verbs look after the order of
things alone. A file goes through ``look`` (what is in it), ``check`` (a dry run) and ``commit``; an
import is taken back by ``foresee`` (a dry run) and ``undo``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotAllowed, NotFound
from gisgrid.core.messages import message
from gisgrid.db.listing import AS_IT_STANDS, Listing, portion
from gisgrid.files.columns import Mapping
from gisgrid.files.read import Table
from gisgrid.loading.file_import_parts import ENDINGS, PIECE, ending, plain_name, put_part
from gisgrid.loading.modes import UPDATE
from gisgrid.loading.prepare import Order
from gisgrid.loading.targets import TARGETS

BUSY = ("waiting", "running")


@dataclass(frozen=True)
class FileImportInfo:
    """A file sent in the browser."""

    id: int
    township: str | None
    kind: str | None
    file_name: str
    size: int
    sha256: str
    account_id: int
    who: str
    sent_at: datetime
    after_id: int | None
    options: dict[str, Any]
    task: str
    state: str
    asked_at: datetime
    done: int
    total: int | None
    doing: str
    failed: str | None
    facts: dict[str, Any] | None
    looked: dict[str, Any] | None
    checked: dict[str, Any] | None
    imported: dict[str, Any] | None
    foreseen: dict[str, Any] | None
    run_id: int | None
    undone_by_id: int | None
    gone_at: datetime | None
    before: int
    """Imports that were asked for earlier and are not done."""

    @property
    def busy(self) -> bool:
        return self.state in BUSY

    @property
    def stage(self) -> str:
        """Where it stands: ``sent``, ``looked``, ``checked``, ``imported`` or ``undone``."""
        if self.undone_by_id is not None:
            return "undone"
        if self.imported is not None or self.run_id is not None:
            return "imported"
        if self.checked is not None:
            return "checked"
        return "looked" if self.looked is not None else "sent"


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


def take(
    session: Session,
    file: IO[bytes],
    name: str,
    *,
    account_id: int,
    who: str,
    township: str | None,
    after: FileImportInfo | None = None,
) -> int:
    """Keep a file that was sent, and have it looked at; the number of its import.

    Parameters
    ----------
    name
        As the sender calls it; only its last part is kept, and its ending says how it is read.
    after
        The import whose refused rows come back in it, mended: it is meant as that one was.

    Raises
    ------
    Invalid
        There is no file, it is empty, or its ending is none that is read.
    """
    name = plain_name(name)
    if not name:
        raise Invalid("Choose a file first.")
    if ending(name) not in ENDINGS:
        raise Invalid(
            "Files with the ending {ending} are not read. Send XLSX, CSV, GeoPackage, GeoJSON, KML, FlatGeobuf or "
            "DXF, or a zip of a Shapefile.",
            ending=ending(name) or message("(none)"),
            known=list(ENDINGS),
        )
    digest, size = hashlib.sha256(), 0
    while block := file.read(PIECE):
        digest.update(block)
        size += len(block)
    if size == 0:
        raise Invalid("{file} is empty.", file=name)
    row = {
        "town": after.township if after else township, "kind": after.kind if after else None,
        "name": name, "size": size, "sha256": digest.hexdigest(), "me": account_id, "who": who,
        "after": after and after.id, "options": json.dumps(_options_after(after) if after else {}),
    }  # fmt: skip
    number = session.scalar(text(_TAKE), row)
    assert isinstance(number, int)  # noqa: S101 - narrows the type
    file.seek(0)
    put_part(session, number, "file", iter(lambda: file.read(PIECE), b""))
    return number


def file_import(session: Session, number: int) -> FileImportInfo:
    """A file sent in the browser by its number; NotFound if there is none that the asker may see."""
    row = session.execute(text(_ONE), {"id": number}).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no import {number}.", number=number)
    return FileImportInfo(**row)


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


def look_again(session: Session, number: int, options: dict[str, Any], *, account_id: int) -> None:
    """Have the file read once more, in another way: another layer, another encoding."""
    found = file_import(session, number)
    _refuse(found, ("sent", "looked", "checked"))
    _ask(
        session, found, "look", account_id=account_id, kind=found.kind, township=found.township,
        options=options,
    )  # fmt: skip


def check(
    session: Session, number: int, kind: str, township: str | None, options: dict[str, Any],
    *, account_id: int,
) -> None:  # fmt: skip
    """Have a dry run made of the file, as it is meant now; what an earlier one said is forgotten.

    Raises
    ------
    Invalid
        There is no such kind.
    NotAllowed
        Whoever acts may not load this kind there.
    Conflict
        It is being worked on, was imported, or its file was deleted.
    """
    if kind not in TARGETS:
        raise Invalid("Choose what the file holds.")
    found = file_import(session, number)
    _refuse(found, ("looked", "checked"))
    township = None if kind == "areas" else township
    refuse_strangers(session, kind, township)
    _ask(
        session,
        found,
        "check",
        account_id=account_id,
        kind=kind,
        township=township,
        options=options,
    )


def commit(session: Session, number: int, *, account_id: int) -> None:
    """Have a file imported as its dry run was made.

    Raises
    ------
    NotAllowed
        Whoever acts may not load this kind there.
    Conflict
        There was no dry run, it is being worked on, was imported, or its file was deleted.
    """
    found = file_import(session, number)
    _refuse(found, ("checked",))
    refuse_strangers(session, str(found.kind), found.township)
    _again(session, found, "commit", account_id=account_id)


def take_back(session: Session, number: int, *, account_id: int | None, foresee: bool) -> None:
    """Have an import taken back, or told what that would do (``foresee``)."""
    found = file_import(session, number)
    if found.run_id is None or found.undone_by_id is not None:
        raise Conflict("There is nothing to take back.", run=found.run_id)
    refuse_strangers(session, str(found.kind), found.township)
    task = "foresee" if foresee else "undo"
    if task == "undo" and (found.foreseen is None or found.task != "foresee" or found.failed):
        raise Conflict("Look first what would happen.")
    _again(session, found, task, account_id=account_id)


def of_run(session: Session, run_id: int, *, account_id: int, who: str) -> int:
    """The import of a load that came by another road; it is made if there is none."""
    made = {"run": run_id, "me": account_id, "who": who}
    known = session.scalar(text("SELECT id FROM file_import WHERE run_id = :run"), made)
    number = known or session.scalar(text(_OF_RUN), made)
    if number is None:
        raise NotFound("There is no load {run_id}.", run_id=run_id)
    return int(number)


def cancel(session: Session, number: int, *, account_id: int) -> None:
    """Stop what waits or runs; what has ended stays as it is."""
    session.execute(text(_CANCEL), {"id": number, "me": account_id})


def once_more(session: Session, number: int, *, account_id: int | None) -> None:
    """Have the last task on a file done again, which failed or was cancelled.

    ``account_id`` None: as whoever asked for it last.

    Raises
    ------
    NotAllowed
        Whoever acts may not load this kind there.
    Conflict
        It is being worked on, has gone on meanwhile, or its file was deleted.
    """
    found = file_import(session, number)
    if found.task in ("foresee", "undo"):
        take_back(session, number, account_id=account_id, foresee=found.task == "foresee")
        return
    _refuse(found, ("checked",) if found.task == "commit" else ("sent", "looked", "checked"))
    if found.task != "look":
        refuse_strangers(session, str(found.kind), found.township)
    _again(session, found, found.task, account_id=account_id)


def throw_away(session: Session, number: int) -> None:
    """Delete a file of one's own that was never imported.

    Raises
    ------
    Conflict
        It is another's, was imported, or is being worked on.
    """
    file_import(session, number)
    if not session.scalar(text("DELETE FROM file_import WHERE id = :id RETURNING id"), {"id": number}):  # fmt: skip
        raise Conflict("Only who sent a file can throw it away, and only before it was imported.")


def refuse_strangers(session: Session, kind: str, township: str | None) -> None:
    """Raise NotAllowed if whoever acts may not load this kind into that township, by its code.

    Who keeps the server, and acts for no account, may.
    """
    may = text("SELECT owns_the_store() AND my_account() IS NULL OR may_load(:kind, :town)")
    if session.scalar(may, {"kind": kind, "town": township}):
        return
    where = township or message("the whole store")
    if kind == "offices":
        raise NotAllowed(
            "This needs the rights load and administer in {where}, which this account does not have today.",
            where=where,
            right="load",
        )
    raise NotAllowed(
        "This needs the right load in {where}, which this account does not have today.",
        where=where,
        right="load",
    )


def order_of(found: FileImportInfo, table: Table | None, *, who: str, most: int) -> Order:
    """What the worker is to load: the options of the page, which are those of ``gisgrid load``."""
    options = found.options
    return Order(
        kind=str(found.kind),
        path=Path(found.file_name),
        table=table,
        township=found.township,
        plan=options.get("plan") or None,
        version=options.get("version") or None,
        since=date.fromisoformat(options["since"]) if options.get("since") else None,
        mapping=Mapping.from_json(json.dumps(options.get("mapping", {}))),
        code_from_row=bool(options.get("code_from_row")),
        mode=options.get("mode") or UPDATE,
        move=bool(options.get("move")),
        trust_crs=bool(options.get("trust_crs")),
        blank=tuple(options.get("blank", ())),
        most=most,
        who=who,
    )


def _options_after(before: FileImportInfo) -> dict[str, Any]:
    """As the file before was meant; but what is mended are a few of its rows, and they stand for no others."""
    return {name: value for name, value in before.options.items() if name != "mode"}


def _refuse(found: FileImportInfo, stages: tuple[str, ...]) -> None:
    if found.stage not in stages:
        raise Conflict("The import has gone on meanwhile: open its page again.", stage=found.stage)
    if found.gone_at is not None:
        raise Conflict("The file was deleted after its time; send it again.")


def _again(session: Session, found: FileImportInfo, task: str, *, account_id: int | None) -> None:
    """Ask for a task on the file as it was meant before."""
    _ask(
        session, found, task, account_id=account_id, kind=found.kind, township=found.township,
        options=found.options,
    )  # fmt: skip


def _ask(
    session: Session,
    found: FileImportInfo,
    task: str,
    *,
    account_id: int | None,
    kind: str | None,
    township: str | None,
    options: dict[str, Any],
) -> None:
    asked = session.scalar(
        text(_ASK),
        {
            "id": found.id, "task": task, "kind": kind, "town": township, "options": json.dumps(options),
            "me": account_id,
        },
    )  # fmt: skip
    if asked is None:
        raise Conflict("The import is being worked on just now; wait until that is done.")


_TAKE = """
INSERT INTO file_import (township, kind, file_name, size, sha256, account_id, who, after_id, options,
                         asked_by)
VALUES (:town, :kind, :name, :size, :sha256, :me, :who, :after, CAST(:options AS jsonb), :me)
RETURNING id
"""

_ONE = """
SELECT id, township, kind, file_name, size, sha256, account_id, who, sent_at, after_id, options, task,
       state, asked_at, done, total, doing, failed, facts, looked, checked, imported, foreseen,
       run_id, undone_by_id, gone_at,
       (SELECT count(*) FROM file_import o WHERE o.state IN ('waiting', 'running')
          AND (o.asked_at, o.id) < (i.asked_at, i.id)) AS before
FROM file_import i WHERE id = :id
"""

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

_OF_RUN = """
INSERT INTO file_import (township, kind, file_name, size, sha256, account_id, who, asked_by, run_id, task)
SELECT township, kind, file_name, 0, sha256, :me, :who, :me, id, 'foresee' FROM import_listed
WHERE id = :run AND undoes_id IS NULL
RETURNING id
"""

_ASK = """
UPDATE file_import SET task = :task, kind = :kind, township = :town, options = CAST(:options AS jsonb),
    state = 'waiting', asked_by = coalesce(:me, asked_by), asked_at = now(), ended_at = NULL, done = 0, total = NULL,
    doing = '', attempts = 0, failed = NULL, facts = NULL,
    checked = CASE WHEN CAST(:task AS text) IN ('look', 'check') THEN NULL ELSE checked END
WHERE id = :id AND state NOT IN ('waiting', 'running') RETURNING id
"""

_CANCEL = """
UPDATE file_import SET state = 'cancelled', ended_at = now(), asked_by = :me
WHERE id = :id AND state IN ('waiting', 'running')
"""
