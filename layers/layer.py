"""What a map layer is: where its data comes from, how it is drawn, what its legend says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Say = Callable[[str], str]
"""Puts an English sentence into the reader's language."""


@dataclass(frozen=True)
class LayerScope:
    """Which data the layers of one page show."""

    plan_id: int
    version: str
    """Fingerprint of the data, see ``layers.tiles.data_version``; part of every address."""
    root: str = ""
    """Path under which the application is mounted, without a slash at its end."""

    @property
    def key(self) -> str:
        return f"{self.plan_id}-{self.version}"


@dataclass(frozen=True)
class Swatch:
    """One line of a legend."""

    key: str
    label: str
    colour: str
    sign: str = ""
    """A letter that says the same as the colour."""
    pattern: str = ""
    """Name of a pattern over the colour, see ``web/static/js/patterns.js``."""


@dataclass(frozen=True)
class Colouring:
    """One way to colour polygons: by a property's value, or by classes of a count."""

    key: str
    """The property of the features, or the count, that decides the colour."""
    label: str
    swatches: tuple[Swatch, ...] = ()
    """A colour per value; empty for counts."""
    ramp: tuple[str, ...] = ()
    """Colours of the classes of a count, from few to many; empty for values."""


@dataclass(frozen=True)
class Layer:
    """A layer as the page needs it: JSON-able, without a single coordinate."""

    name: str
    kind: Literal["polygons", "points", "lines", "study"]
    title: str
    url: str
    """GeoJSON address for polygons; tile address with {z} {x} {y} for points and lines; for a study
    the address that says where it stands."""
    style: Mapping[str, object]
    shown: bool = True
    colourings: tuple[Colouring, ...] = ()
    swatches: tuple[Swatch, ...] = ()
    """Legend of a layer that has but one."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further addresses: ``counts`` of grids, ``about`` one point."""


def geojson_url(scope: LayerScope, name: str) -> str:
    return f"{scope.root}/layers/{name}/{scope.key}.geojson"


def study_url(scope: LayerScope, name: str) -> str:
    return f"{scope.root}/planning/{scope.plan_id}/{name}"


def tile_url(scope: LayerScope, name: str) -> str:
    return f"{scope.root}/tiles/{name}/{scope.key}/{{z}}/{{x}}/{{y}}.mvt"
