"""GDAL without the network: the one module that imports pyogrio, and GeoPandas, which writes by it.

A file may tell GDAL to fetch: virtual formats, service descriptions, and GeoJSON whose coordinate
system is a link. Nothing here has a reason to reach another host, so the drivers that do are never
registered, and libcurl, which the rest use, is sent to a proxy where nobody is.
"""

from __future__ import annotations

import os

OUTSIDE = (
    "OGR_VRT", "GDALG",  # point to other data, by path or by address
    "WFS", "OAPIF", "OGCAPI", "CSW", "HTTP", "Elasticsearch", "Carto", "AmigoCloud", "PLSCENES",
    "NGW", "EEDA",  # services
    "ADBC", "GPSBabel",  # load a library, start a program
    "XLSX", "ODS",  # ours to read: their packed parts would be opened without a limit
)  # fmt: skip
_NOBODY = "http://127.0.0.1:1"

# GDAL reads this once, when it is loaded.
os.environ["GDAL_SKIP"] = ",".join(OUTSIDE)
for _name in ("no_proxy", "NO_PROXY"):
    os.environ.pop(_name, None)  # libcurl passes the proxy by for what stands there

import geopandas  # noqa: E402
import pyogrio  # noqa: E402

if met := set(OUTSIDE) & set(pyogrio.list_drivers()):
    raise RuntimeError(f"pyogrio was imported before gisgrid.files.gdal: {sorted(met)}")
pyogrio.set_gdal_config_options(
    {
        "GDAL_HTTP_PROXY": _NOBODY,
        "GDAL_HTTPS_PROXY": _NOBODY,
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
        "GML_DOWNLOAD_SCHEMA": False,
    }
)

__all__ = ["OUTSIDE", "geopandas", "pyogrio"]
