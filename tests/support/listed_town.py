"""A town whose list of matters is kept by its office."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.flow import keep_own_flows
from tests.support.accounts import appointed
from tests.support.office import staffed_town


def listed_town(session: Session) -> dict[str, int]:
    """A town whose list has two minor items, with the people of its office; their numbers."""
    made = staffed_town(session)
    keep_own_flows(session)
    session.execute(
        text(
            "INSERT INTO matter (list_id, parent_id, code, name, name_en, office, decider, acts, informs, time_limit, "
            "limit_unit, limits, filing_rule, closing_rule) "
            "SELECT p.list_id, p.id, v.code, v.name, v.en, '综合执法队', 'community', 'grid', '{section}', 4, "
            "'working_hours', '{\"file\": \"30 working_minutes\"}', '位于公共区域', '现场无堆放' "
            "FROM matter p, (VALUES ('0101', '暴露垃圾', 'Rubbish'), ('0102', '占道经营', 'Stalls')) v(code, name, en) "
            "WHERE p.code = '01'"
        )
    )
    session.execute(
        text(
            "UPDATE event SET matter_id = (SELECT id FROM matter WHERE code = '0101'), reported_at = now() - interval '2 days', closed_at = NULL"
        )
    )
    government = session.scalar(text("SELECT id FROM account WHERE name = 'government'"))
    cadre = appointed(session, "section_cadre", "999901001002", name="cadre")
    return {**made, "government": government or 0, "cadre": cadre}
