"""Which files may be issued: by their ending, their size, and what really stands in them."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePath

from gisgrid.core.errors import Invalid

MOST_BYTES = 20_000_000
_OFFICE = "application/vnd.openxmlformats-officedocument."
# Suffix to media type and what such a file begins with; a page with scripts is no document.
MEDIA: dict[str, tuple[str, bytes]] = {
    ".pdf": ("application/pdf", b"%PDF-"),
    ".docx": (f"{_OFFICE}wordprocessingml.document", b"PK"),
    ".xlsx": (f"{_OFFICE}spreadsheetml.sheet", b"PK"),
    ".pptx": (f"{_OFFICE}presentationml.presentation", b"PK"),
    ".png": ("image/png", b"\x89PNG"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".txt": ("text/plain; charset=utf-8", b""),
    ".md": ("text/plain; charset=utf-8", b""),
}
_HEARTS = {
    ".docx": "word/document.xml",
    ".xlsx": "xl/workbook.xml",
    ".pptx": "ppt/presentation.xml",
}
"""What a file of an office program has to hold; any archive begins with the same two letters."""


def media_type(file_name: str, content: bytes) -> str:
    """The media type of a file that may be issued.

    Raises
    ------
    Invalid
        It is empty, too large, of no form that may be issued, or not what its name says; it brings macros.
    """
    name = PurePath(file_name).name
    suffix = PurePath(name).suffix.lower()
    if suffix not in MEDIA:
        raise Invalid(
            "{name}: files of this form are not issued; use {known}.", name=name, known=list(MEDIA)
        )
    if not content:
        raise Invalid("{name} is empty.", name=name)
    if len(content) > MOST_BYTES:
        raise Invalid(
            "{name} has {count:.1f} MB; a document has at most {most} MB.",
            name=name, count=len(content) / 1e6, most=MOST_BYTES // 1_000_000,
        )  # fmt: skip
    kind, begins = MEDIA[suffix]
    good = content.startswith(begins)
    if good and suffix in _HEARTS:
        names = _names_in(content)
        if any(PurePath(each).name.lower() == "vbaproject.bin" for each in names):
            raise Invalid("{name} brings macros; save it without them.", name=name)
        good = _HEARTS[suffix] in names
    elif not begins:
        good = _is_text(content)
    if not good:
        raise Invalid("{name} is not what its name says ({suffix}).", name=name, suffix=suffix)
    return kind


def _names_in(content: bytes) -> list[str]:
    """The names in an archive's directory, which is read alone; none of what is no archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return []


def _is_text(content: bytes) -> bool:
    try:
        return b"\0" not in content and bool(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return False
