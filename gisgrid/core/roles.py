"""Which roles and rights are there, and at which level is a role held?"""

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

RIGHTS: dict[str, str] = {
    "see_houses": "houses on the map and in lists",
    "see_counts": "exact counts of people, small ones too",
    "see_register": "households and residents, masked",
    "unmask": "names, numbers and days of birth of residents, for a declared purpose",
    "answer_subjects": "what is held on a person, put together for whoever asks about themselves",
    "keep_register": "what is found at the door, written into the register or to the clerk",
    "check_register": "what workers enter, let into the register or sent back",
    "see_events": "events; their text for a declared purpose",
    "handle_events": "report, handle and close events",
    "see_contacts": "staff of the area; telephone numbers for a declared purpose",
    "see_visits": "visits to houses",
    "plan": "draw and propose plans",
    "review": "review plans",
    "dispatch": "send events to grids and people",
    "export": "take what may be seen away as a file",
    "load": "load files, and take a load back",
    "keep_matters": "the list of matters: drafts, publication, what communities add",
    "supplement_matters": "a community's own rules within the list of matters",
    "audit": "read the audit",
    "administer": "accounts and appointments",
}
