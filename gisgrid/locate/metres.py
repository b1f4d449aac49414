"""Metres per degree at a place."""

from __future__ import annotations

import math

# WGS 84; CGCS2000 differs in the tenth digit of the flattening.
SEMI_MAJOR_M = 6378137.0
ECCENTRICITY2 = 0.00669437999014


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Metres per degree of longitude and of latitude at ``lat``, on the WGS 84 ellipsoid.

    From the radii of curvature in the prime vertical, N cos(lat), and in the meridian, M (Snyder,
    Map Projections, 1987, eq. 4-18 to 4-20). As a flat scale around the place it measures a distance
    d with a relative error below d / R * tan(lat): under 1 mm in 100 m up to 58 degrees, under
    0.2 % in 10 km.

    >>> [round(m) for m in metres_per_degree(40.0)]
    [85394, 111035]
    """
    phi = math.radians(max(-90.0, min(90.0, lat)))
    w2 = 1.0 - ECCENTRICITY2 * math.sin(phi) ** 2
    prime = SEMI_MAJOR_M / math.sqrt(w2)
    meridian = prime * (1.0 - ECCENTRICITY2) / w2
    return math.radians(prime * math.cos(phi)), math.radians(meridian)
