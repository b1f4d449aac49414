"""What several families of pages call the same things."""

from __future__ import annotations

from gisgrid.core.messages import say
from gisgrid.people.teams import TEAM_WORDS

__all__ = ["DATUMS", "TEAM_WORDS"]

DATUMS = {
    "wgs84": say("WGS 84 (usual)"),
    "gcj02": say("GCJ-02 (Chinese maps)"),
    "bd09": say("BD-09 (Baidu)"),
    "cgcs2000": say("CGCS2000"),
}
"""What the positions of a phone or a map may be in."""
