"""Work that was ordered of the worker, as it stands when nobody does it."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.messages import Both, packed
from gisgrid.core.plans import plan_in_force, township
from gisgrid.planning.editor import scenarios
from tests.support.office import TOWN, able


def busy_town(session: Session, made: dict[str, int]) -> dict[str, int]:
    """Into a town of the office: a job on each road; one runs, one failed, one was cancelled, one waits."""
    made["planner"] = able(session, "planner", "planner", TOWN)
    if "loader" not in made:
        made["loader"] = able(session, "loader", "township_government", TOWN)
    place = township(session)
    draft = scenarios.branch(session, plan_in_force(session, place.id), name="草案甲", who="测试")
    made["draft"] = draft.id
    jobs = session.execute(
        text(
            "INSERT INTO job (plan_id, kind, options, state, done, total, doing, who, failed, ended_at) VALUES "
            "(:p, 'rebalance', '{}', 'running', 1, 4, 'weighing', '测试规划 (planner)', NULL, NULL), "
            "(:p, 'check', '{}', 'failed', 0, NULL, '', '测试规划 (planner)', :why, now()) "
            "RETURNING id"
        ),
        {"p": draft.id, "why": packed(Both("The ground is empty.", "没有范围。"))},
    ).scalars()
    made["runs"], made["failed"] = jobs.all()
    made["file"] = session.scalar(
        text(
            "INSERT INTO file_import (township, kind, file_name, size, sha256, account_id, asked_by, who, state, task) "
            "VALUES (:town, 'houses', '虚构名单.csv', 1, 'x', :a, :a, 'loader', 'cancelled', 'check') RETURNING id"
        ),
        {"town": TOWN, "a": made["loader"]},
    )
    session.execute(
        text(
            "INSERT INTO study (plan_id, kind, day, asked_at, asked_by) "
            "VALUES (:p, 'coverage', '2026-01-01', now(), 'planner')"
        ),
        {"p": draft.id},
    )
    return made
