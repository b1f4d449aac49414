"""Which roles are there, and at which level is a role held?"""

from __future__ import annotations

from dataclasses import dataclass

from gisgrid.core.messages import languages, say, sentence

LEVELS = ("everywhere", "county", "township", "community", "grid")


@dataclass(frozen=True)
class Role:
    """What a role is called, and the levels it can be given at."""

    en: str
    """In English; the catalogue has it in other languages."""
    levels: tuple[str, ...]
    office: bool = False
    """Works at a desk: a second factor is a must where the settings say so."""

    def in_language(self, language: str) -> str:
        """What it is called."""
        return sentence(self.en, {}, language)

    def words(self) -> set[str]:
        """What it is called in all languages: what somebody may have written."""
        return {self.in_language(language) for language in languages()}


ROLES: dict[str, Role] = {
    "county_reviewer": Role(say("county reviewer"), ("county",), office=True),
    "township_government": Role(say("township government"), ("township",), office=True),
    "section_cadre": Role(say("section cadre"), ("community",), office=True),
    "community_clerk": Role(say("community clerk"), ("community",)),
    "grid_leader": Role(say("grid leader"), ("grid",)),
    "grid_worker": Role(say("grid worker"), ("grid",)),
    "sinking_force": Role(say("sinking force"), ("grid",)),
    "social_force": Role(say("social force"), ("grid",)),
    "resident": Role(say("resident"), ("community", "grid")),
    "dispatcher": Role(say("dispatcher"), ("county", "township", "community"), office=True),
    "planner": Role(say("planner"), ("county", "township"), office=True),
    "coordinator": Role(say("coordinator"), ("township", "community"), office=True),
    "auditor": Role(say("auditor"), ("everywhere", "county", "township"), office=True),
    "administrator": Role(say("administrator"), ("everywhere", "county", "township"), office=True),
}
"""By name; what each may do are rows of ``role_right``."""
