"""The one data set in a zip: wherever it lies, whatever its name is written in."""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gisgrid.core.errors import Invalid
from gisgrid.core.heavy import pandas as pd
from gisgrid.files.archive_limits import damaged

# What may be a data set by itself; of these a Shapefile goes with its parts, a table of MapInfo too.
_SUFFIXES = (
    ".shp", ".tab", ".mif", ".gpkg", ".geojson", ".json", ".topojson", ".kml", ".kmz", ".gml", ".gpx", ".fgb",
    ".dxf", ".csv", ".tsv", ".xlsx", ".xlsm",
)  # fmt: skip
_MARK_OF_UTF8 = 0x800
_NOT_A_NAME = re.compile(r"[^\w-]+")
_WRONG = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inside:
    """A data set that was taken out of an archive."""

    path: Path
    """The unpacked file, or folder of a File Geodatabase."""
    name: str
    """Where it lay in the archive."""
    taken: bool
    """Whether the layer that was asked for named the data set."""
    folder: Folder


class Folder:
    """A temporary folder that is there for as long as somebody holds this."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="gisgrid-"))
        self._end = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


class Held:
    """The rows of a file in a temporary folder, which stays as long as they may be read."""

    def __init__(self, source: object, folder: Folder) -> None:
        self._source, self._folder = source, folder

    def chunks(self, rows: int) -> Iterator[pd.DataFrame]:
        yield from self._source.chunks(rows)  # type: ignore[attr-defined]


def unpacked_set(path: Path, asked: str | None) -> Inside:
    """Unpack the one data set of a zip whose contents were measured before.

    Folders, a reader's notes and what macOS adds do not count.

    Parameters
    ----------
    asked
        Name of the data set where there are several; else a layer in the one there is.

    Raises
    ------
    Invalid
        There is none, there are several and none is asked for, the archive is damaged or locked.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [(_name(m), m) for m in archive.infolist() if not m.is_dir()]
            sets = _sets([name for name, _ in members])
            key = _chosen(path, sets, asked, [name for name, _ in members])
            folder = Folder()
            main = folder.path
            for name, member in members:
                target = _target(name, key)
                if target is None:
                    continue
                out = folder.path / target
                out.parent.mkdir(exist_ok=True)
                with archive.open(member) as packed, out.open("wb") as plain:
                    shutil.copyfileobj(packed, plain, 1 << 20)
                if name == sets[key]:
                    main = out
    except _WRONG as error:
        if isinstance(error, RuntimeError) and "password" in str(error):
            raise Invalid(
                f"{path.name} is locked by a password: send it without one.",
                zh=f"{path.name} 设有密码：请发送不带密码的文件。",
                file=path.name,
            ) from error
        raise damaged(path) from error
    if key.suffix == ".gdb":
        main = folder.path / _safe(key)
    return Inside(main, str(PurePosixPath(sets[key])), key.name in _spellings(asked, key), folder)


def _name(member: zipfile.ZipInfo) -> str:
    """The name as its sender wrote it; a zip that does not say so is in the sender's own encoding."""
    name = member.filename
    if not member.flag_bits & _MARK_OF_UTF8:
        raw = name.encode("cp437", "replace")
        for encoding in ("utf-8", "gb18030"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return name.replace("\\", "/")


def _sets(names: list[str]) -> dict[PurePosixPath, str]:
    """Data set, by its path (a Shapefile's without its ending), to the member that is its main part."""
    found: dict[PurePosixPath, str] = {}
    for name in sorted(names):
        path = PurePosixPath(name)
        if "__MACOSX" in path.parts or path.name.startswith("."):
            continue
        base = next((p for p in path.parents if p.suffix.lower() == ".gdb"), None)
        if base is not None:
            found.setdefault(base.with_suffix(".gdb"), str(base))
        elif path.suffix.lower() in _SUFFIXES:
            found[path.with_suffix(path.suffix.lower())] = name
    return found


def _chosen(
    path: Path, sets: dict[PurePosixPath, str], asked: str | None, names: list[str]
) -> PurePosixPath:
    if not sets:
        listed = ", ".join(sorted(names)[:8]) or "nothing"
        raise Invalid(
            f"{path.name} holds no Shapefile, File Geodatabase or other data set; it holds: {listed}.",
            zh=f"{path.name} 中没有 Shapefile、File Geodatabase 或其他数据；内含：{listed}。",
            file=path.name,
        )
    if len(sets) == 1:
        return next(iter(sets))
    named = [key for key in sets if asked in _spellings(asked, key)]
    if len(named) == 1:
        return named[0]
    shown = [str(key) for key in sets]
    raise Invalid(
        f"{path.name} holds several data sets: {', '.join(shown)}.",
        zh=f"{path.name} 含有多个数据：{'、'.join(shown)}。",
        hint=("Name one with --layer.", "请用 --layer 指定。"),
        layers=shown,
    )


def _spellings(asked: str | None, key: PurePosixPath) -> set[str]:
    """Ways to name a data set; empty where nothing is asked for."""
    return set() if asked is None else {str(key), key.name, key.stem}


def _target(name: str, key: PurePosixPath) -> str | None:
    """Where a member goes in the folder; None: it is no part of the data set."""
    path = PurePosixPath(name)
    if key.suffix == ".gdb":
        inside = [p for p in path.parents if p.name and p.with_suffix(".gdb") == key]
        return f"{_safe(key)}/{_NOT_A_NAME.sub('_', path.stem)}{_ending(path)}" if inside else None
    if path.parent != key.parent or path.stem.casefold() != key.stem.casefold():
        return None
    return f"{_NOT_A_NAME.sub('_', key.stem)[:80]}{_ending(path).lower()}"


def _safe(key: PurePosixPath) -> str:
    return f"{_NOT_A_NAME.sub('_', key.stem)[:80]}{key.suffix}"


def _ending(path: PurePosixPath) -> str:
    return path.suffix if re.fullmatch(r"\.\w{1,12}|", path.suffix) else ".other"
