"""What do the first bytes of a file say it is, and is a SQLite file no more than plain tables?

Asked of files that come over the web before any reader sees them.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from gisgrid.core.errors import Invalid
from gisgrid.core.messages import Message, message

Form = Literal["sqlite", "zip", "gzip", "json", "xml", "flatgeobuf", "text", "other"]

FORMS: dict[str, tuple[Form, ...]] = {
    ".gpkg": ("sqlite",),
    ".geojson": ("json",),
    ".json": ("json",),
    ".zip": ("zip",),
    ".kml": ("xml",),
    ".kmz": ("zip",),
    ".xlsx": ("zip",),
    ".fgb": ("flatgeobuf",),
    ".dxf": ("text",),
    # A table is read as text whatever its first character is, packed or not.
    **dict.fromkeys((".csv", ".tsv", ".txt"), ("text", "gzip", "json", "xml")),
}
"""Ending → what a file of that ending is."""

_MARKS: tuple[tuple[bytes, Form], ...] = (
    (b"SQLite format 3\0", "sqlite"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"fgb\x03fgb", "flatgeobuf"),
)
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
# Programs that write GeoPackages put these beside a layer; they run on writing only.
_USUAL_TRIGGER = re.compile(
    r"(?:rtree_|gpkg_|fk[iud]_|trigger_(?:insert|delete)_feature_count_).*", re.IGNORECASE
)
_RTREE = re.compile(r"CREATE\s+VIRTUAL\s+TABLE\s+\"?rtree_.*\s+USING\s+rtree\s*\(", re.IGNORECASE)


def form_of(path: Path) -> Form:
    """What the first bytes say.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b' [{"a": 1}]')
    ...     _ = file.seek(0)
    ...     form_of(Path(file.name))
    'json'
    """
    with path.open("rb") as file:
        head = file.read(4096)
    for mark, form in _MARKS:
        if head.startswith(mark):
            return form
    marked = next((bom for bom in _BOMS if head.startswith(bom)), b"")
    text = head.removeprefix(marked).replace(b"\0", b"").lstrip()
    if b"\0" in head and marked not in _BOMS[1:]:
        return "other"
    if text[:1] in (b"{", b"["):
        return "json"
    return "xml" if text[:1] == b"<" else "text"


def refuse_disguised(path: Path) -> None:
    """Raise Invalid if the file is not what its ending says, or a SQLite file holds more than tables."""
    suffix = path.suffix.lower()
    form = form_of(path)
    if form not in FORMS.get(suffix, ()):
        kind = suffix[1:].upper()
        raise Invalid(
            "{file} is no {kind} file, or it is locked by a password: its first bytes are those of another "
            "kind ({form}).",
            kind=kind,
            file=path.name,
            form=form,
        )
    if form == "sqlite":
        refuse_unplain(path)


def refuse_unplain(path: Path) -> None:
    """Raise Invalid if a GeoPackage holds anything that computes, or is damaged.

    A view may have no end, a virtual table reads elsewhere, a generated column computes at each look.
    The indexes and triggers that a GeoPackage has by its standard may stay: nothing is written.
    """
    uri = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    try:
        with sqlite3.connect(uri, uri=True) as look:
            look.execute("PRAGMA trusted_schema = OFF")
            rows = look.execute(
                "SELECT type, name, coalesce(sql, '') FROM sqlite_master"
            ).fetchall()
            for kind, name, sql in rows:
                _refuse_part(path, look, str(kind), str(name), str(sql))
            names = {str(name) for _, name, _ in rows}
            sound = look.execute("PRAGMA quick_check(1)").fetchone()
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
        raise _damaged(path) from error
    finally:
        if "look" in locals():
            look.close()
    if sound is None or sound[0] != "ok" or not {"gpkg_contents", "gpkg_geometry_columns"} <= names:
        raise _damaged(path)


def _refuse_part(path: Path, look: sqlite3.Connection, kind: str, name: str, sql: str) -> None:
    what: Message | None = None
    if kind == "view":
        what = message("a view")
    elif kind == "trigger" and not _USUAL_TRIGGER.fullmatch(name):
        what = message("a trigger")
    elif kind == "table" and re.match(r"\s*CREATE\s+VIRTUAL", sql, re.IGNORECASE):
        what = None if _RTREE.match(sql) else message("a virtual table")
    elif kind == "table":
        quoted = name.replace('"', '""')
        columns = look.execute(f'PRAGMA table_xinfo("{quoted}")').fetchall()
        what = message("a computed column") if any(c[6] in (2, 3) for c in columns) else None
    if what is not None:
        raise Invalid(
            "{file} holds {what} ({part}); only plain tables are read. Save the layer into a new GeoPackage "
            "and "
            "send that.",
            file=path.name,
            what=what,
            part=name[:60],
        )


def _damaged(path: Path) -> Invalid:
    return Invalid(
        "{file} is no GeoPackage that can be read, or it is damaged: save it again.", file=path.name
    )
