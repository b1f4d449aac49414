"""Which column of the file is which? Canonical columns per kind, header synonyms, mapping files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

import pandas as pd

Parser = Literal[
    "code", "text", "choice", "number", "coordinate", "date", "time", "citizen_id", "phone", "needs"
]
Shape = Literal["polygon", "line", "point"]


@dataclass(frozen=True, slots=True)
class Column:
    """One canonical column: how it is parsed and which headers mean it."""

    name: str
    parser: Parser
    synonyms: tuple[str, ...] = ()
    required: bool = False
    choices: str = ""
    """Key of the vocabulary in ``vocabulary.CHOICES`` for a choice."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file that can be loaded."""

    name: str
    columns: tuple[Column, ...]
    geometry: Shape | None = None
    """Geometry of each row; ``point`` may also come as lon and lat, or be absent."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one sender's files are to be read; kept with the import as JSON."""

    columns: dict[str, str] = field(default_factory=dict)
    """Canonical name to header."""
    constants: dict[str, str] = field(default_factory=dict)
    """Canonical name to the value of every row: {"level": "community"}."""
    templates: dict[str, str] = field(default_factory=dict)
    """Canonical name to a text with headers in braces: {"community": "{行政區}{里}"}; None if
    any of its headers is empty in the row."""
    crs: str | None = None
    encoding: str | None = None
    layer: str | None = None
    """Layer or sheet."""
    time_format: str | None = None
    """strptime format of dates and times that are not in one of the usual forms."""

    def to_json(self) -> str:
        """Sorted JSON; ``from_json`` gives the same mapping again."""
        return json.dumps(
            {f.name: getattr(self, f.name) for f in fields(self)},
            ensure_ascii=False, indent=2, sort_keys=True,
        )  # fmt: skip

    @classmethod
    def from_json(cls, text: str) -> Mapping:
        """Raises Invalid for what is no JSON object, an unknown key, or a value of a wrong type."""
        raise NotImplementedError


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

    def canonical(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk with every canonical column of the kind, in its order, absent ones None."""
        raise NotImplementedError


KINDS: dict[str, Kind] = {}


def resolve(
    kind: str, headers: Sequence[str], mapping: Mapping | None = None, *, has_geometry: bool = False
) -> Resolved:
    """Find each canonical column: by the mapping first, then by name or synonym.

    Headers are compared without case, blanks, full-width forms, ``*`` and what stands in
    brackets: "经度（度）*" means lon.

    Raises
    ------
    Invalid
        A required column is missing, a mapping names a header or canonical column that does not
        exist, or two headers mean the same column. The message lists what the file has.
    NotFound
        No such kind.
    """
    raise NotImplementedError
