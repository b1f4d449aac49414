"""Any vector file that GDAL reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gisgrid.errors import Invalid, NotFound
from gisgrid.register import encodings
from gisgrid.register.bombs import MAX_UNPACKED, is_gzip, is_zip, refuse_bombs
from gisgrid.register.encodings import Encoding
from gisgrid.register.frames import GEOMETRY, Cells, frame, headers, number_text
from gisgrid.register.gdal import pyogrio
from gisgrid.register.texts import unpacked

_EDGE = 1 << 16
# A coordinate system that is to be fetched, GDAL's own pipelines, services.
_POINTER = re.compile(
    rb'"crs"\s*:\s*\{(?:[^{}]|\{[^{}]*\})*"type"\s*:\s*"(?:link|url)"'
    rb'|"gdal_streamed_alg"|<(?:OGRVRTDataSource|OGRWFSDataSource|WFS_Capabilities)',
    re.IGNORECASE,
)
_CRS_MEMBER = re.compile(rb'"crs"\s*:\s*\{')


@dataclass(frozen=True, slots=True)
class VectorSource:
    """One layer of a vector file."""

    path: Path
    layer: str
    columns: tuple[str, ...]
    has_geometry: bool
    features: int
    encoding: str | None

    def chunks(self, rows: int) -> Iterator[pd.DataFrame]:
        # GDAL parses a GeoJSON file whole at every opening, so it is read in one go.
        step = rows if self.path.suffix.lower() in (".gpkg", ".shp", ".fgb") else self.features
        for start in range(0, self.features, max(1, step)):
            columns = self._read(start, step)
            read = len(next(iter(columns.values()), ()))
            # GDAL stops in silence where a file is damaged; half a file must not pass for a whole one.
            if read != min(step, self.features - start):
                raise _unreadable(self.path)
            for first in range(0, read, rows):
                part = {name: cells[first : first + rows] for name, cells in columns.items()}
                n = len(next(iter(part.values())))
                yield frame(part, np.arange(start + first + 2, start + first + 2 + n))

    def _read(self, start: int, step: int) -> dict[str, Cells]:
        try:
            meta, _, wkb, fields = pyogrio.raw.read(
                _gdal_name(self.path),
                layer=self.layer,
                encoding=self.encoding,
                skip_features=start,
                max_features=step,
                read_geometry=self.has_geometry,
                force_2d=True,
                datetime_as_string=True,
            )
        except pyogrio.errors.DataSourceError as error:
            raise _unreadable(self.path) from error
        by_name = dict(zip(meta["fields"], fields, strict=True))
        columns = {name: _texts(by_name[name]) for name in self.columns}
        if self.has_geometry:
            # A ring of fewer than four points cannot even be built: it comes as no geometry.
            columns[GEOMETRY] = shapely.from_wkb(wkb, on_invalid="ignore")
        return columns


@dataclass(frozen=True, slots=True)
class Described:
    source: VectorSource
    crs: str | None
    bounds: tuple[float, float, float, float] | None
    encoding: Encoding | None


def describe(
    path: Path, layer: str | None, asked: str | None, most: int = MAX_UNPACKED
) -> Described:
    """Layer, fields, CRS and bounds.

    A GeoJSON file without a crs member is WGS 84 by RFC 7946, and GDAL says so even where its
    numbers cannot be degrees: then the CRS is None here.

    Raises
    ------
    NotFound
        No such layer.
    Invalid
        GDAL cannot read it, it points to other data, unpacks to more than ``most`` bytes, or has
        several layers and none was named.
    """
    refuse_bombs(path, most)
    _refuse_pointers(path)
    try:
        layers = [str(name) for name, _ in pyogrio.list_layers(_gdal_name(path))]
    except pyogrio.errors.DataSourceError as error:
        raise _unreadable(path) from error
    name = _chosen(path, layers, layer)
    encoding = _dbf_encoding(path, asked)
    info = pyogrio.read_info(
        _gdal_name(path),
        layer=name,
        encoding=encoding.name if encoding else None,
        force_feature_count=True,
        force_total_bounds=True,
    )
    has_geometry = info["geometry_type"] is not None
    fields = [str(f) for f in info["fields"]]
    bounds = _bounds(info) if has_geometry else None
    crs = info["crs"] if has_geometry else None
    if info["driver"] in ("GeoJSON", "GeoJSONSeq", "TopoJSON") and not _has_crs_member(path):
        crs = "EPSG:4326" if bounds is None or _could_be_degrees(bounds) else None
    source = VectorSource(
        path, name, headers(list(fields)) if fields else (), has_geometry,
        int(info["features"]), encoding.name if encoding else None,
    )  # fmt: skip
    return Described(source, crs, bounds, encoding)


def _chosen(path: Path, layers: list[str], asked: str | None) -> str:
    if asked is not None and asked not in layers:
        raise NotFound(
            f"{path.name} has no layer “{asked}”; it has {', '.join(layers)}.",
            zh=f"{path.name} 没有图层“{asked}”；有：{'、'.join(layers)}。",
            layer=asked,
            layers=layers,
        )
    if asked is None and len(layers) != 1:
        raise Invalid(
            f"{path.name} has several layers: {', '.join(layers)}.",
            zh=f"{path.name} 有多个图层：{'、'.join(layers)}。",
            hint=("Name one with --layer.", "请用 --layer 指定。"),
            layers=layers,
        )
    return asked or layers[0]


def _gdal_name(path: Path) -> str:
    name = str(path.resolve())
    if is_gzip(path):
        return f"/vsigzip/{name}"
    # A packed Google Earth file (.kmz) is unpacked by its own driver.
    return f"/vsizip/{name}" if is_zip(path) and path.suffix.lower() != ".kmz" else name


def _refuse_pointers(path: Path) -> None:
    """Say in words what GDAL, which has no driver for it here, would call unknown."""
    with unpacked(path) as file:
        head = file.read(_EDGE)
    if _POINTER.search(head):
        raise Invalid(
            f"{path.name} points to other data; send the data themselves.",
            zh=f"{path.name} 指向其他数据；请直接提供数据。",
            file=path.name,
        )


def _unreadable(path: Path) -> Invalid:
    return Invalid(
        f"{path.name} is no vector file that GDAL reads, or it is damaged.",
        zh=f"{path.name} 不是 GDAL 可读取的矢量文件，或已损坏。",
        file=path.name,
    )


def _bounds(info: dict[str, Any]) -> tuple[float, float, float, float] | None:
    bounds = info["total_bounds"]
    if bounds is None or not np.isfinite(bounds).all():
        return None
    west, south, east, north = map(float, bounds)
    return west, south, east, north


def _could_be_degrees(bounds: tuple[float, float, float, float]) -> bool:
    # A latitude up to 180 may be a swapped pair: that is a fault of its row, which the checks tell.
    return max(map(abs, bounds)) <= 180


def _has_crs_member(path: Path) -> bool:
    """Whether “crs” stands beside “features”: before its array or after it."""
    with unpacked(path) as file:
        head = file.read(_EDGE)
        tail = head
        while block := file.read(_EDGE):
            tail = (tail + block)[-_EDGE:]
    before = head.partition(b'"features"')[0]
    after = tail.rpartition(b"]")[2]
    return bool(_CRS_MEMBER.search(before) or _CRS_MEMBER.search(after))


def _dbf_encoding(path: Path, asked: str | None) -> Encoding | None:
    """Of a Shapefile that does not say it; GDAL would read Latin-1."""
    if asked is not None:
        return Encoding(encodings.check(asked).removesuffix("-sig"), "certain")
    table = path.with_suffix(".dbf")
    if path.suffix.lower() != ".shp" or path.with_suffix(".cpg").exists() or not table.exists():
        return None
    with table.open("rb") as file:
        head = file.read(32)
        file.seek(int.from_bytes(head[8:10], "little"))
        return encodings.detect(iter(lambda: file.read(1 << 20).replace(b"\0", b" "), b""))


def _texts(values: Any) -> Cells:
    """Every value as text, None for null; whole numbers without “.0”."""
    out = np.empty(len(values), dtype=object)
    if values.dtype.kind == "f":
        out[:] = [number_text(v) if v == v else None for v in values.tolist()]  # noqa: PLR0124
    elif values.dtype.kind == "b":
        out[:] = ["TRUE" if v else "FALSE" for v in values.tolist()]
    else:
        out[:] = [v if v is None or isinstance(v, str) else _plain(v) for v in values.tolist()]
    return out


def _plain(value: object) -> str | None:
    return None if isinstance(value, float) and value != value else str(value)  # noqa: PLR0124
