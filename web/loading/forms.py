"""What the form of an import says: kind, meaning of each column, coordinates, options; and what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from gisgrid.core.errors import Invalid
from gisgrid.core.messages import all_of, message
from gisgrid.files.columns import KINDS
from gisgrid.files.rejects import ADDED
from gisgrid.loading.file_imports import FileImportInfo
from gisgrid.loading.modes import UPDATE, refuse_mode

LEFT_OUT = "-"
"""The meaning of a column that is neither stored nor handed back."""
CHOICES = ("plan", "version", "since", "in_force_from", "mode")
TICKS = ("code_from_row", "move", "trust_crs")
COORDINATES = ("lon", "lat", "geocoded")


@dataclass(frozen=True)
class Shown:
    """The form as it is shown: as it was sent, else as it was kept, else as it is proposed."""

    kind: str
    township: str
    meaning: dict[str, str]
    """Header to canonical name; empty: not used; ``LEFT_OUT``."""
    constants: dict[str, str]
    """Canonical name to the value of every row; headers in braces stand for their cells."""
    crs: str
    crs_code: str
    encoding: str
    layer: str
    time_format: str
    blank: tuple[str, ...]
    choices: dict[str, str]
    ticks: frozenset[str]


def sent(form: MultiDict[str, str], found: FileImportInfo) -> Shown:
    """What somebody chose; nothing of it is judged."""
    headers = (found.looked or {}).get("columns", [])
    return Shown(
        kind=form.get("kind", ""),
        township=form.get("into", ""),
        meaning={h: form.get(f"column-{k}", "") for k, h in enumerate(headers)},
        constants={
            key.removeprefix("every-"): value.strip()
            for key, value in form.items() if key.startswith("every-") and value.strip()
        },
        crs=form.get("crs", ""),
        crs_code=form.get("crs_code", "").strip(),
        encoding=form.get("encoding", ""),
        layer=form.get("layer", ""),
        time_format=form.get("time_format", ""),
        blank=tuple(form.getlist("blank")),
        choices={name: form.get(name, "").strip() for name in CHOICES},
        ticks=frozenset(name for name in TICKS if form.get(name)),
    )  # fmt: skip


def kept(found: FileImportInfo, kind: str, township: str) -> Shown:
    """As it was kept, if that was for this kind; else as it is proposed."""
    options, looked = found.options, found.looked or {}
    mapping = options.get("mapping", {}) if found.kind == kind else {}
    headers = looked.get("columns", [])
    columns = mapping.get("columns") or {}
    known = {h: name for name, h in columns.items() if h in headers}
    if not known:
        fits = [p["columns"] for p in looked.get("kinds", ()) if p["kind"] == kind]
        known = {h: name for name, h in (fits[0] if fits else {}).items()}
    left_out = {*mapping.get("ignore", ()), *ADDED}
    crs = mapping.get("crs") or ""
    plain = crs in ("", "wgs84", "cgcs2000", "gcj02", "bd09")
    return Shown(
        kind=kind,
        township=found.township or township,
        meaning={h: LEFT_OUT if h in left_out else known.get(h, "") for h in headers},
        constants={**(mapping.get("constants") or {}), **(mapping.get("templates") or {})},
        crs=crs if plain else "other",
        crs_code="" if plain else crs,
        encoding=(options.get("mapping") or {}).get("encoding") or "",
        layer=(options.get("mapping") or {}).get("layer") or "",
        time_format=mapping.get("time_format") or "",
        blank=tuple(options.get("blank", ())),
        choices={name: str(options.get(name) or "") for name in CHOICES},
        ticks=frozenset(name for name in TICKS if options.get(name)),
    )


def left_aside(found: FileImportInfo) -> list[str]:
    """Headings of columns that the dry run gave no meaning, and nobody said to leave out."""
    mapping = found.options.get("mapping") or {}
    used = {*(mapping.get("columns") or {}).values(), *(mapping.get("ignore") or ()), *ADDED}
    spoken = " ".join((mapping.get("templates") or {}).values())
    return [
        header
        for header in (found.looked or {}).get("columns", [])
        if header not in used and f"{{{header}}}" not in spoken
    ]


def as_meant(found: FileImportInfo, sample: list[Any]) -> tuple[list[str], list[list[str]]]:
    """The first rows of the file under the names that the dry run gave its columns; a value of every row stands in each.

    So columns that were mixed up are seen before anything is imported.
    """
    mapping, headers = found.options.get("mapping") or {}, (found.looked or {}).get("columns", [])
    columns = {n: h for n, h in (mapping.get("columns") or {}).items() if h in headers}
    every = {**(mapping.get("constants") or {}), **(mapping.get("templates") or {})}

    def cell(name: str, cells: list[Any]) -> str:
        if name in columns:
            return str(cells[headers.index(columns[name])] or "")
        said = str(every[name])
        for header, value in zip(headers, cells, strict=False):
            said = said.replace(f"{{{header}}}", str(value or ""))
        return said

    names = [*columns, *every]
    return names, [[cell(name, cells) for name in names] for _, cells in sample]


def options_of(shown: Shown, found: FileImportInfo) -> dict[str, Any]:
    """What the worker is to know, as one object for dry run and import.

    Raises
    ------
    Invalid
        Two columns of the file have one meaning, or the kind does not know the mode.
    """
    kind = KINDS.get(shown.kind)
    if kind is None:
        raise Invalid("Choose what the file holds.")
    refuse_mode(kind.name, shown.choices["mode"] or UPDATE)
    headers: dict[str, list[str]] = {}
    for header, name in shown.meaning.items():
        if name and name != LEFT_OUT:
            headers.setdefault(name, []).append(header)
    twice = {name: several for name, several in headers.items() if len(several) > 1}
    if twice:
        pairs = [
            message(
                "{headers} both as {name}",
                headers=all_of([message("“{header}”", header=each) for each in several]),
                name=name,
            )
            for name, several in twice.items()
        ]
        raise Invalid(
            "Two columns have one meaning: {pairs}. Keep one, and set the other to “not used”.",
            pairs=pairs,
            twice=sorted(twice),
        )
    columns = {c.name: headers[c.name][0] if c.name in headers else "" for c in kind.columns}
    every = {n: v for n, v in shown.constants.items() if n in columns and not columns[n]}
    templates = {n: v for n, v in every.items() if "{" in v}
    crs = shown.crs_code if shown.crs == "other" else shown.crs
    return {
        "mapping": {
            "columns": {n: h for n, h in columns.items() if n not in every},
            "constants": {n: v for n, v in every.items() if n not in templates},
            "templates": templates,
            "crs": crs or None,
            "encoding": shown.encoding or None,
            "layer": shown.layer or (found.options.get("mapping") or {}).get("layer"),
            "header": (found.options.get("mapping") or {}).get("header"),
            "time_format": shown.time_format or None,
            "ignore": [h for h, name in shown.meaning.items() if name == LEFT_OUT],
        },
        "blank": list(shown.blank),
        **{name: value for name, value in shown.choices.items() if value},
        **dict.fromkeys(shown.ticks, True),
    }  # fmt: skip
