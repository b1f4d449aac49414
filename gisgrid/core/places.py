"""What is a place on earth, as longitude and latitude?"""

from __future__ import annotations

import math

from gisgrid.core.errors import Invalid


def check_place(lon: float, lat: float) -> None:
    """Refuse what is no longitude and latitude.

    Raises
    ------
    Invalid
        Not finite, out of range; it says so if the two look swapped.
    """
    if math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90:
        return
    if math.isfinite(lon) and math.isfinite(lat) and abs(lat) <= 180 and abs(lon) <= 90:
        raise Invalid("lon={lon}, lat={lat}: longitude and latitude are swapped.", lon=lon, lat=lat)
    raise Invalid(
        "lon={lon}, lat={lat}: longitude lies in -180…180 and latitude in -90…90.",
        lon=str(lon),
        lat=str(lat),
    )
