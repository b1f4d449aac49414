"""What several families of pages call the same things."""

from __future__ import annotations

from gisgrid.core.messages import say

TEAM_WORDS = {
    "leader": say("Grid leader"),
    "worker": say("Grid worker"),
    "sinking_force": say("Sinking force"),
    "social_force": say("Social force"),
}
