"""What several families of pages call the same things."""

from __future__ import annotations

from gisgrid.core.messages import say

TEAM_WORDS = {
    "leader": say("Grid leader"),
    "worker": say("Grid worker"),
    "sinking_force": say("Sinking force"),
    "social_force": say("Social force"),
}

DATUMS = {
    "wgs84": say("WGS 84 (usual)"),
    "gcj02": say("GCJ-02 (Chinese maps)"),
    "bd09": say("BD-09 (Baidu)"),
    "cgcs2000": say("CGCS2000"),
}
"""What the positions of a phone or a map may be in."""
