"""What several families of pages call the same things."""

from __future__ import annotations

from gisgrid.people.teams import TEAM_WORDS

__all__ = ["TEAM_WORDS"]
