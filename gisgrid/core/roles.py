"""Which roles and rights are there, and at which level is a role held?"""

from __future__ import annotations

from dataclasses import dataclass

LEVELS = ("everywhere", "county", "township", "community", "grid")


@dataclass(frozen=True)
class Role:
    """What a role is called, and the levels it can be given at."""

    zh: str
    en: str
    levels: tuple[str, ...]
    office: bool = False
    """Works at a desk: a second factor is a must where the settings say so."""


ROLES: dict[str, Role] = {
    "county_reviewer": Role("县级审核员", "county reviewer", ("county",), office=True),
    "township_government": Role(
        "乡镇（街道）政府", "township government", ("township",), office=True
    ),
    "section_cadre": Role("包片干部", "section cadre", ("community",), office=True),
    "community_clerk": Role("社区工作者", "community clerk", ("community",)),
    "grid_leader": Role("网格长", "grid leader", ("grid",)),
    "grid_worker": Role("网格员", "grid worker", ("grid",)),
    "sinking_force": Role("下沉力量", "sinking force", ("grid",)),
    "social_force": Role("社会力量", "social force", ("grid",)),
    "resident": Role("居民", "resident", ("community", "grid")),
    "dispatcher": Role("调度员", "dispatcher", ("county", "township", "community"), office=True),
    "planner": Role("规划员", "planner", ("county", "township"), office=True),
    "coordinator": Role(
        "党群服务中心统筹员", "coordinator", ("township", "community"), office=True
    ),
    "auditor": Role("审计员", "auditor", ("everywhere", "county", "township"), office=True),
    "administrator": Role(
        "系统管理员", "administrator", ("everywhere", "county", "township"), office=True
    ),
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
