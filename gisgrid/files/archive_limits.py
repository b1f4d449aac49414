"""Does this file unpack to more than can be meant? Asked before anything of it is kept.

Archives are known by their first bytes, not by their names. Zip says what it unpacks to, and no
reader unpacks a member beyond that; gzip does not, so it is unpacked once and counted.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from gisgrid.core.errors import Invalid

MAX_UNPACKED = 4 << 30
"""Bytes; where a setting says less, that counts."""
MAX_RATIO = 500
"""Registers pack to a tenth, empty sheets to a hundredth; deflate cannot do better than 1,032."""
HARMLESS = 50 << 20
"""Bytes up to which any ratio may stand."""
MAX_MEMBERS = 10_000
_BLOCK = 1 << 20


def is_gzip(path: Path) -> bool:
    return _begins(path, b"\x1f\x8b")


def is_zip(path: Path) -> bool:
    return _begins(path, b"PK\x03\x04") or _begins(path, b"PK\x05\x06")


def refuse_bombs(path: Path, most: int = MAX_UNPACKED) -> None:
    """Refuse an archive whose contents have more than ``most`` bytes, or are nearly nothing.

    Raises Invalid; also where the archive is damaged.
    """
    if is_zip(path):
        try:
            with zipfile.ZipFile(path) as archive:
                members = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
            raise damaged(path) from error
        if len(members) > MAX_MEMBERS:
            raise _bomb(path, most)
        for member in members:
            if _too_much(member.file_size, member.compress_size, most):
                raise _bomb(path, most)
        if sum(member.file_size for member in members) > most:
            raise _bomb(path, most)
    elif is_gzip(path):
        with gzip.open(path) as file:
            for _ in counted(path, file, most):  # type: ignore[arg-type]
                pass


def counted(path: Path, file: BinaryIO, most: int = MAX_UNPACKED) -> Iterator[bytes]:
    """The unpacked blocks of a file, until they are too many.

    Raises Invalid; also where a gzip file is damaged.
    """
    packed, total = path.stat().st_size, 0
    try:
        while block := file.read(_BLOCK):
            total += len(block)
            if _too_much(total, packed, most):
                raise _bomb(path, most)
            yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise damaged(path) from error


def _too_much(unpacked: int, packed: int, most: int) -> bool:
    return unpacked > most or (unpacked > HARMLESS and unpacked > MAX_RATIO * max(1, packed))


def _begins(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(mark)) == mark


def _bomb(path: Path, most: int) -> Invalid:
    return Invalid(
        "{file} unpacks to far more than its size lets expect, or to more than {most_mb:,} MB; it is not "
        "opened.",
        file=path.name,
        most_mb=most >> 20,
    )


def damaged(path: Path) -> Invalid:
    return Invalid("{file} is a damaged archive: send it again.", file=path.name)
