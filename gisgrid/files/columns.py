"""Which column of the file is which? Canonical columns per kind, header synonyms, mapping files."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from string import Formatter
from typing import Literal

import numpy as np

from gisgrid.core.coordinates import Order
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.heavy import pandas as pd
from gisgrid.core.messages import say
from gisgrid.files.frames import GEOMETRY, MARKS
from gisgrid.files.pairs import split_pairs
from gisgrid.files.vocabulary import CODE_HEADERS, HEADERS, NAME_HEADERS
from gisgrid.files.words import plain

Parser = Literal[
    "code",
    "text",
    "choice",
    "number",
    "coordinate",
    "date",
    "time",
    "citizen_id",
    "phone",
    "needs",
    "limit",
]
Shape = Literal["polygon", "line", "point"]

ROW_NUMBER = "#"
_ANY_CODE = ("id", "编码", "编号", "代码", "編碼", "編號", "代碼")


@dataclass(frozen=True, slots=True)
class Column:
    """One canonical column: how it is parsed and which headers mean it."""

    name: str
    parser: Parser
    synonyms: tuple[str, ...] = ()
    required: bool = False
    choices: str = ""
    """Key of the vocabulary in ``vocabulary.CHOICES``."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file that can be loaded."""

    name: str
    columns: tuple[Column, ...]
    geometry: Shape | None = None
    """Geometry of each row; ``point`` may also come as lon and lat, or be absent."""

    def column(self, name: str) -> Column | None:
        return next((c for c in self.columns if c.name == name), None)


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one sender's files are to be read; kept with the import as JSON."""

    columns: dict[str, str] = field(default_factory=dict)
    """Canonical name to header; an empty header: the file has no such column."""
    constants: dict[str, str] = field(default_factory=dict)
    """Canonical name to the value of every row: {"level": "community"}."""
    templates: dict[str, str] = field(default_factory=dict)
    """Canonical name to a text with headers in braces: {"community": "{行政區}{里}"}; None if
    any of its headers is empty in the row. ``{#}`` is the number of the row."""
    crs: str | None = None
    encoding: str | None = None
    layer: str | None = None
    """Layer or sheet."""
    header: str | None = None
    """``none``: the first row of the file is data, and its columns are called A, B, C …; None: it is looked for."""
    time_format: str | None = None
    """strptime format of dates and times that are in none of the usual forms."""
    ignore: tuple[str, ...] = ()
    """Headers of columns that are left out: neither stored nor handed back with refused rows."""

    def to_json(self) -> str:
        """Sorted JSON; ``from_json`` gives the same mapping again."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return json.dumps(values, ensure_ascii=False, indent=2, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Mapping:
        """Raises Invalid for what is no JSON object, an unknown key, or a value of a wrong type."""
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise Invalid(
                "The mapping file is no JSON: line {line}, column {column}.",
                line=error.lineno,
                column=error.colno,
            ) from error
        known = {f.name for f in fields(cls)}
        if not isinstance(values, dict) or not values.keys() <= known:
            raise Invalid(
                "A mapping file is a JSON object with the keys {known}.", known=sorted(known)
            )
        for key, value in values.items():
            if key in ("columns", "constants", "templates"):
                good = isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
            elif key == "ignore":
                good = isinstance(value, list) and all(isinstance(v, str) for v in value)
            else:
                good = value is None or isinstance(value, str)
            if not good:
                raise Invalid("In the mapping file “{key}” has a value of the wrong type.", key=key)
        return cls(**{**values, "ignore": tuple(values.get("ignore", ()))})


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where each canonical column of one file comes from."""

    kind: Kind
    headers: dict[str, str]
    """Canonical name to header, for those the file has."""
    constants: dict[str, str]
    templates: dict[str, str]
    time_format: str | None
    has_geometry: bool
    unused: tuple[str, ...]
    """Headers that mean nothing here; they are told, and come back in the workbook."""
    ignored: tuple[str, ...] = ()
    """Headers that are left out on purpose; they do not come back."""
    pair_order: Order | None = None
    """Both coordinates stand in the column ``geocoded``, in this order; None: they do not."""

    def has(self, name: str) -> bool:
        if self.pair_order is not None and name in ("lon", "lat"):
            return True
        return name in self.headers or name in self.constants or name in self.templates

    def canonical(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk with every canonical column of the kind, in its order, absent ones None.

        The geometry and the column of surplus cells, if there are any, come along.
        """
        columns: dict[str, object] = {}
        for column in self.kind.columns:
            name = column.name
            if name in self.templates:
                columns[name] = _fill(self.templates[name], chunk)
            elif self.headers.get(name) in chunk:
                columns[name] = chunk[self.headers[name]].to_numpy()
            else:
                columns[name] = np.full(len(chunk), self.constants.get(name), dtype=object)
        if self.pair_order is not None:
            first, second = split_pairs(columns["geocoded"], self.pair_order)  # type: ignore[arg-type]
            columns["lon"], columns["lat"] = first, second
        for extra in (GEOMETRY, *MARKS):
            if extra in chunk.columns:
                columns[extra] = chunk[extra].to_numpy()
        return pd.DataFrame(columns, index=chunk.index, dtype=object)


def _kind(kind: str, geometry: Shape | None, /, **parsers: str) -> Kind:
    """Parsers are written ``name="code*"``; ``*`` means required, ``choice:sex`` a vocabulary."""
    columns = []
    for column, how in parsers.items():
        parser, _, choices = how.rstrip("*").partition(":")
        synonyms = HEADERS.get(column, ())
        if column == "code":
            synonyms = CODE_HEADERS[kind] + _ANY_CODE
        if column == "name":
            synonyms = NAME_HEADERS.get(kind, ()) + HEADERS["name"]
        columns.append(Column(column, parser, synonyms, how.endswith("*"), choices))  # type: ignore[arg-type]
    return Kind(kind, tuple(columns), geometry)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind("areas", "polygon", code="code*", level="choice:level*", name="text*", name_en="text",
              parent="code"),
        _kind("streets", "line", code="code*", name="text*"),
        _kind("parcels", "polygon", code="code*"),
        _kind("grids", "polygon", code="code*", name="text", kind="choice:kind", community="code",
              host="text"),
        _kind("houses", "point", code="code*", address="text*", community="code",
              lon="coordinate", lat="coordinate", geocoded="text"),
        _kind("households", None, code="code*", house="code*", room="text", verified_on="date"),
        _kind("residents", None, code="code*", household="code*", name="text*",
              citizen_id="citizen_id", phone="phone", sex="choice:sex", birth_date="date",
              needs="needs", verified_on="date"),
        _kind("staff", None, code="code*", name="text*", phone="phone", body="text", grid="code",
              role="choice:role", since="date", until="date"),
        _kind("matters", None, code="code*", parent="code", name="text*", name_en="text",
              office="text", time_limit="number", limit_unit="choice:limit_unit",
              closing_rule="text", filing_rule="text", decider="choice:duty_level",
              acts="choice:duty_level", informs="text", file_limit="limit",
              dispatch_limit="limit", handle_limit="limit", check_limit="limit",
              answer_limit="limit", asks_photo="choice:yes_no", duplicate_m="number",
              duplicate_h="number", skills="text", note="text", consent="text", since="date",
              until="date"),
        _kind("events", "point", code="code*", matter="code*", reported_at="time*",
              reported_time="text", due_at="time", closed_at="time", source="text", text="text",
              address="text", community="code", lon="coordinate", lat="coordinate",
              geocoded="text"),
        _kind("visits", None, code="code*", house="code*", staff="code", visited_on="date*"),
        _kind("rounds", None, house="code*", visited_on="date", verified="choice:yes_no",
              why="choice:visit_why", met="choice:visit_met", agreed="text", next_on="date",
              staff="code"),
        _kind("offices", None, code="code*", name="text*", phone="phone", body="text",
              role="choice:office*", area="code*", since="date*", until="date"),
        _kind("trainings", None, code="code*", course="text*", kind="choice:training_kind",
              held_on="date*", hours="number*", expires_on="date", staff="code*"),
        _kind("receipts", None, document="code*", version="number*", staff="code*",
              read_at="time*"),
        _kind("stations", "point", code="code*", name="text*", kind="choice:station_kind*",
              grid="code", address="text", since="date", until="date", lon="coordinate",
              lat="coordinate", geocoded="text"),
        _kind("assets", "point", code="code*", name="text*", grid="code*", reason="text*",
              reach_m="number", since="date", until="date", lon="coordinate", lat="coordinate",
              geocoded="text"),
        _kind("duties", None, grid="code*", micro_grid="text*", staff="code*", starts_at="time*",
              ends_at="time*"),
        _kind("problems", None, code="code*", title="text*", community="code", supervisor="text*",
              opened_on="date*", review_on="date*"),
    )
}  # fmt: skip
"""``geocoded`` is what a geocoder wrote beside the coordinates, such as "(0, 0)"; it is checked,
not stored. Where there are no other coordinates, it may hold both. ``reported_time`` is joined to a ``reported_at`` that holds the day only."""


def resolve(
    kind: str, headers: Sequence[str], mapping: Mapping | None = None, *, has_geometry: bool = False
) -> Resolved:
    """Find each canonical column: by the mapping first, then by its name, then by a synonym.

    Headers are compared by ``plain``. The earlier synonym of a column wins over a later one, and
    a header that is mapped by hand is not taken for another column.

    Raises
    ------
    Invalid
        A required column is missing, a mapping names a header or canonical column that does not
        exist, or two headers mean the same column equally well. The message lists what the file
        has.
    NotFound
        No such kind.
    """
    if kind not in KINDS:
        raise NotFound(
            "There is no kind of file “{kind}”; there are {known}.", kind=kind, known=list(KINDS)
        )
    this = KINDS[kind]
    mapping = mapping or Mapping()
    _refuse_unknown(this, headers, mapping)
    found = found_headers(this, headers, mapping)
    taken = set(found.values())
    resolved = Resolved(
        kind=this,
        headers=found,
        constants=dict(mapping.constants),
        templates=dict(mapping.templates),
        time_format=mapping.time_format,
        has_geometry=has_geometry,
        unused=tuple(
            h
            for h in headers
            if h not in taken and h not in mapping.ignore and not _in_template(h, mapping)
        ),
        ignored=mapping.ignore,
    )
    _refuse_missing(resolved, headers)
    return resolved


def found_headers(
    kind: Kind,
    headers: Sequence[str],
    mapping: Mapping,
    only: Callable[[str, list[str]], str] | None = None,
) -> dict[str, str]:
    """Canonical name to header: as the mapping says, else by its name, else by a synonym.

    ``only`` chooses between headers that mean a column equally well; without it that is Invalid.
    """
    only = only or _only
    found = {name: header for name, header in mapping.columns.items() if header}
    settled = mapping.columns.keys() | mapping.constants.keys() | mapping.templates.keys()
    free: dict[str, list[str]] = {}
    for header in headers:
        if header not in found.values() and header not in mapping.ignore:
            free.setdefault(plain(header), []).append(header)
    # All canonical names first, so that no synonym takes another column's own name.
    for column in kind.columns:
        if column.name not in settled and (same := free.get(plain(column.name))):
            found[column.name] = only(column.name, same)
    taken = set(found.values())
    for column in kind.columns:
        if column.name in settled or column.name in found:
            continue
        for synonym in column.synonyms:
            same = [h for h in free.get(synonym, []) if h not in taken]
            if same:
                found[column.name] = only(column.name, same)
                taken.add(found[column.name])
                break
    return found


def _refuse_unknown(kind: Kind, headers: Sequence[str], mapping: Mapping) -> None:
    names = [*mapping.columns, *mapping.constants, *mapping.templates]
    known = [c.name for c in kind.columns]
    if strange := sorted(set(names) - set(known)):
        raise Invalid(
            "{kind} have no column {columns}; they have {known}.",
            kind=kind.name,
            columns=strange,
            known=known,
        )
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise Invalid(
            "{columns}: give a column, a constant or a template, not two of them.", columns=twice
        )
    asked = [h for h in mapping.columns.values() if h]
    for template in mapping.templates.values():
        asked += [name for name in _headers_of(template) if name != ROW_NUMBER]
    if both := sorted(set(asked) & set(mapping.ignore)):
        raise Invalid(
            "{columns}: the column is both used and ignored; do one of the two.", columns=both
        )
    asked += mapping.ignore
    if absent := sorted(set(asked) - set(headers)):
        raise Invalid(
            "The file has no column {shown}; it has {headers}.",
            shown=[f"“{name}”" for name in absent],
            absent=absent,
            headers=list(headers),
        )


def _refuse_missing(resolved: Resolved, headers: Sequence[str]) -> None:
    kind = resolved.kind
    missing = [c.name for c in kind.columns if c.required and not resolved.has(c.name)]
    # A county or township may come as a mere name; each row's level decides (see checks).
    if kind.geometry in ("polygon", "line") and not (resolved.has_geometry or kind.name == "areas"):
        missing.append(f"geometry ({kind.geometry})")
    if resolved.has("lon") != resolved.has("lat"):
        missing.append("lat" if resolved.has("lon") else "lon")
    if missing:
        raise Invalid(
            "The file lacks {missing} (needed for {kind}); its columns are: {headers}.",
            hint=say("Name them with --column canonical=header."),
            kind=kind.name,
            missing=missing,
            headers=list(headers),
        )


def _only(name: str, headers: list[str]) -> str:
    if len(headers) > 1:
        raise Invalid(
            "{column} could be any of {headers}; choose one.",
            hint=say("Say --column {column}=header."),
            column=name,
            headers=headers,
        )
    return headers[0]


def _headers_of(template: str) -> list[str]:
    try:
        parts = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise Invalid(
            "The template “{template}” is broken: write headers in braces, like {{district}}{{village}}.",
            template=template,
        ) from error
    return parts


def _in_template(header: str, mapping: Mapping) -> bool:
    return any(header in _headers_of(t) for t in mapping.templates.values())


def _fill(template: str, chunk: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    names = _headers_of(template)
    literals = [literal for literal, _, _, _ in Formatter().parse(template)] + [""]
    out = np.empty(len(chunk), dtype=object)
    numbers = chunk.index.astype(str).to_numpy(dtype=object)
    cells = zip(
        *(numbers if name == ROW_NUMBER else chunk[name].to_numpy() for name in names), strict=True
    )
    for i, row in enumerate(cells):
        if None not in row:
            out[i] = literals[0] + "".join(
                cell.strip() + literals[k + 1] for k, cell in enumerate(row)
            )
    return out
