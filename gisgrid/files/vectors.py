"""Any vector file that GDAL reads."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely

from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.heavy import Heavy
from gisgrid.core.heavy import pandas as pd
from gisgrid.files import encodings
from gisgrid.files.archive_limits import is_gzip
from gisgrid.files.encodings import Encoding
from gisgrid.files.frames import GEOMETRY, RING_CLOSED, Cells, frame, headers, marked, number_text
from gisgrid.files.shapefiles import Page, page_of
from gisgrid.files.texts import unpacked

if TYPE_CHECKING:
    from gisgrid.files import gdal as gdal  # noqa: PLC0414 - others take it from here
else:
    gdal = Heavy("gisgrid.files.gdal")

Shape = Literal["polygon", "line", "point"]
_EDGE = 1 << 16
# A coordinate system that is to be fetched, GDAL's own pipelines, services.
_POINTER = re.compile(
    rb'"crs"\s*:\s*\{(?:[^{}]|\{[^{}]*\})*"type"\s*:\s*"(?:link|url)"'
    rb'|"gdal_streamed_alg"|<(?:OGRVRTDataSource|OGRWFSDataSource|WFS_Capabilities)',
    re.IGNORECASE,
)
# Kept by QGIS, GDAL and Esri beside the layers of a file.
_BESIDE = re.compile(
    r"layer_styles|qgis_projects|gpkg_.*|sqlite_.*|GDB_.*|ogr_empty_table", re.IGNORECASE
)
_TOLD_TWICE = ("route_points", "track_points")
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
            with warnings.catch_warnings():
                # GDAL's own remarks on open rings and odd values: what we do about them we tell.
                warnings.simplefilter("ignore", RuntimeWarning)
                meta, _, wkb, fields = gdal.pyogrio.raw.read(
                    _gdal_name(self.path),
                    layer=self.layer,
                    encoding=self.encoding,
                    skip_features=start,
                    max_features=step,
                    read_geometry=self.has_geometry,
                    force_2d=True,
                    datetime_as_string=True,
                )
        except gdal.pyogrio.errors.DataSourceError as error:
            raise _unreadable(self.path) from error
        by_name = dict(zip(meta["fields"], fields, strict=True))
        columns = {name: _texts(by_name[name]) for name in self.columns}
        if self.has_geometry:
            # A ring of fewer than four points cannot even be built: it comes as no geometry.
            columns[GEOMETRY] = shapely.from_wkb(wkb, on_invalid="ignore")
            lost = (columns[GEOMETRY] == None) & (wkb != None)  # noqa: E711  (elementwise)
            if lost.any():
                columns[GEOMETRY][lost] = shapely.from_wkb(wkb[lost], on_invalid="fix")
                lost &= columns[GEOMETRY] != None  # noqa: E711
                columns[RING_CLOSED] = marked(lost.astype(bool))
        return columns


@dataclass(frozen=True, slots=True)
class Described:
    source: VectorSource
    crs: str | None
    bounds: tuple[float, float, float, float] | None
    page: Page | None
    """Of a Shapefile's table."""


def describe(
    path: Path,
    layer: str | None,
    asked: str | None,
    *,
    shape: Shape | None = None,
) -> Described:
    """Layer, fields, CRS and bounds of a file, or folder of a File Geodatabase, that was measured before.

    A GeoJSON file without a crs member is WGS 84 by RFC 7946, and GDAL says so even where its
    numbers cannot be degrees: then the CRS is None here.

    Parameters
    ----------
    asked
        Encoding of the attributes.
    shape
        Geometry that is wanted: tables without one, empty layers and layers of another one do not count.

    Raises
    ------
    NotFound
        No such layer.
    Invalid
        GDAL cannot read it, it points to other data, or has several layers and none was named.
    """
    if path.is_file():
        _refuse_pointers(path)
    try:
        layers = {str(n): t and str(t) for n, t in gdal.pyogrio.list_layers(_gdal_name(path))}
    except gdal.pyogrio.errors.DataSourceError as error:
        raise _unreadable(path) from error
    name = _chosen(path, layers, layer, shape)
    page = None
    if asked is not None:
        page = Page(Encoding(encodings.check(asked).removesuffix("-sig"), "certain"), "")
    elif path.suffix.lower() == ".shp":
        page = page_of(path)
    encoding = page.encoding.name if page else None
    try:
        info = _info(path, name, encoding, force_total_bounds=True)
    except gdal.pyogrio.errors.DataSourceError as error:
        raise _unreadable(path) from error
    has_geometry = info["geometry_type"] is not None
    fields = [str(f) for f in info["fields"]]
    bounds = _bounds(info) if has_geometry else None
    crs = info["crs"] if has_geometry else None
    if info["driver"] in ("GeoJSON", "GeoJSONSeq", "TopoJSON") and not _has_crs_member(path):
        crs = "EPSG:4326" if bounds is None or _could_be_degrees(bounds) else None
    source = VectorSource(
        path, name, headers(list(fields)) if fields else (), has_geometry,
        int(info["features"]), encoding,
    )  # fmt: skip
    return Described(source, crs, bounds, page)


def _info(path: Path, layer: str, encoding: str | None, **more: bool) -> dict[str, Any]:
    found: dict[str, Any] = gdal.pyogrio.read_info(
        _gdal_name(path), layer=layer, encoding=encoding, force_feature_count=True, **more
    )
    return found


def _chosen(
    path: Path, layers: dict[str, str | None], asked: str | None, shape: Shape | None
) -> str:
    """The layer asked for, else the one that can be meant."""
    if asked is not None:
        if asked not in layers:
            raise NotFound(
                f"{path.name} has no layer “{asked}”; it has {', '.join(layers)}.",
                zh=f"{path.name} 没有图层“{asked}”；有：{'、'.join(layers)}。",
                layer=asked,
                layers=list(layers),
            )
        return asked
    left = [name for name in layers if not _BESIDE.fullmatch(name)] or list(layers)
    if shape is not None:
        left = [name for name in left if layers[name] is not None] or left
        left = [name for name in left if _fits(layers[name], shape)] or left
    if len(left) > 1:
        left = [n for n in left if _info(path, n, None)["features"] > 0] or left
    # A track's points are told once more as a layer of their own.
    left = [name for name in left if name not in _TOLD_TWICE or len(left) == 1] or left
    if len(left) != 1:
        raise Invalid(
            f"{path.name} has several layers: {', '.join(left)}.",
            zh=f"{path.name} 有多个图层：{'、'.join(left)}。",
            hint=("Name one with --layer.", "请用 --layer 指定。"),
            layers=left,
        )
    return left[0]


def _fits(geometry: str | None, shape: Shape) -> bool:
    """Whether a layer of GDAL's geometry type may hold what is wanted; an unknown type may."""
    kind = (geometry or "").removeprefix("Multi").partition(" ")[0]
    wanted = {"point": ("Point", "Polygon"), "line": ("LineString",), "polygon": ("Polygon", "Surface", "CurvePolygon")}  # fmt: skip
    return kind in (*wanted[shape], "Unknown", "GeometryCollection", "")


def _gdal_name(path: Path) -> str:
    # A packed Google Earth file (.kmz) is unpacked by its own driver.
    name = str(path.resolve())
    return f"/vsigzip/{name}" if path.is_file() and is_gzip(path) else name


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
