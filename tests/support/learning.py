"""A town whose people are given something to read and to learn."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.plans import township
from gisgrid.db.tables import Township
from gisgrid.people.learning import documents, drafts, sessions
from gisgrid.people.learning.training import Course
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import appointed
from tests.support.factories import create_member
from tests.support.office import TOWN, able, staffed_town

NEAR, FAR = "999901001001001", "999901001002001"
"""Grids of two communities."""


def reading_town(session: Session) -> dict[str, int]:
    """A town with two communities, in each a team of which one person has an account; the accounts by name."""
    made = staffed_town(session)
    made["loader"] = able(session, "loader", "township_government", TOWN)
    town = session.get_one(Township, township(session).id)
    for grid, name in ((NEAR, "near"), (FAR, "far")):
        create_member(session, town, grid, "worker", code=f"W-{name}", name=f"测试{name}")
        made[name] = appointed(session, "grid_worker", TOWN, grid=grid, name=name)
        session.execute(
            text(
                "UPDATE account SET staff_id = (SELECT id FROM staff WHERE code = :c) WHERE id = :id"
            ),
            {"c": f"W-{name}", "id": made[name]},
        )
    return made


def handed_out(session: Session) -> dict[str, int]:
    """Into such a town: documents due and late, a draft with words, sessions and a profile; numbers of drafts."""
    place = township(session)
    day = today(place)
    a_week = timedelta(days=7)
    documents.issue(
        session, place.id, "F-2026-01", file_name="手册.txt", content="第一条 先亮身份。".encode(), title="网格员工作手册（虚构）",
        day=day - 2 * a_week, who="office", roles=["worker"], due_on=day - a_week,
    )  # fmt: skip
    documents.issue(
        session, place.id, "F-2026-02", file_name="方案.pdf", content=b"%PDF-1.4", title="防汛方案（虚构）", day=day,
        who="office", due_on=day + a_week, communities=["999901001001"],
    )  # fmt: skip
    draft = drafts.send(
        session, place.id, "F-2026-03", title="巡查办法（征求意见，虚构）", file_name="稿.txt", content="每周一次。".encode(),
        day=day, answer_by=day + a_week, who="office",
    )  # fmt: skip
    for community, words in (("999901001001", "每周一次太多。"), ("999901001002", "同意。")):
        session.execute(
            text(
                "INSERT INTO draft_comment (draft_id, community_id, text, who) "
                "SELECT :d, id, :words, '测试社区' FROM area WHERE code = :c"
            ),
            {"d": draft, "c": community, "words": words},
        )
    first = session.scalar(text("SELECT min(id) FROM draft_comment"))
    drafts.answer(session, place.id, draft, int(first or 0), "改为每两周一次。", who="office")
    for code, held, expires in (
        ("T-01", day - a_week, day + 40 * a_week), ("T-02", day + a_week, None), ("T-00", day - 9 * a_week, day - a_week),
    ):  # fmt: skip
        sessions.plan(
            session, place.id,
            Course(code, f"入户走访第{code}课", held, 2.5, expires_on=expires, place="虚构会议室"),
        )  # fmt: skip
    sessions.attend(session, place.id, "T-01", ["W-near"], day=day)
    sessions.note_profile(
        session, place.id, "W-near", age_band="50_59", schooling="junior", qualifications=["急救证"],
        who="office",
    )  # fmt: skip
    return {"draft": draft}
