"""The audit at the office's page: of those whom one audits, searched, verified, taken away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text

from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.people.privacy import audit
from gisgrid.people.privacy.audit import verify
from tests.support.accounts import acting, appointed, refused, web_engine
from tests.support.database import own_database
from tests.support.lists import fill_lists
from tests.support.office import Keeper

PAGE = "/office/audit"


@pytest.fixture(scope="module")
def store(cluster: Cluster, town_template: str) -> Iterator[tuple[Engine, dict[str, int]]]:
    """A clerk who opened what was asked, twice for one purpose and once for another, and took a list."""
    with own_database(cluster, town_template, "audit_page") as engine:
        with transaction(engine) as session:
            made = fill_lists(session)
            made["auditor"] = appointed(session, "auditor", name="auditor")
            session.execute(
                text(
                    "INSERT INTO area (code, level, name, parent_id, geom) "
                    "SELECT '999901002', 'township', '虚构镇', parent_id, geom FROM area WHERE level = 'township'"
                )
            )
            made["elsewhere"] = appointed(session, "auditor", "999901002", name="elsewhere")
        clerk = Keeper(engine, made["clerk"])
        for purpose in ("verify", "verify", "subject"):
            clerk.post("/office/corrections/open", purpose=purpose)
        assert clerk.get("/register?as=xlsx").status_code == 200
        yield engine, made


def did(page: str) -> list[int]:
    return [int(n) for n in re.findall(r'data-entry="(\d+)"', page)]


def test_entries_are_searched_by_person_purpose_thing_and_day(store: tuple[Engine, dict[str, int]]):
    engine, made = store
    auditor = Keeper(engine, made["auditor"])
    with transaction(engine) as session:
        day = session.scalar(
            text("SELECT max(at AT TIME ZONE 'Asia/Shanghai')::date FROM audit_entry")
        )
    for query, condition in (
        ("account=clerk", "account_name = 'clerk'"),
        ("purpose=verify", "purpose = 'verify'"),
        ("action=unmask", "action = 'unmask'"),
        ("action=export", "action = 'export'"),
        ("subject=correction_request", "subject = 'correction_request'"),
        ("subject=register.grids", "subject LIKE 'register.grids: %'"),
        ("account=clerk&purpose=subject", "account_name = 'clerk' AND purpose = 'subject'"),
        (f"since={day}&until={day}", f"(at AT TIME ZONE 'Asia/Shanghai')::date = '{day}'"),
        ("until=2000-01-01", "false"),
        ("account=nobody", "false"),
        (
            "account=测试community_clerk",
            "account_id IN (SELECT id FROM account WHERE display_name = '测试community_clerk')",
        ),
    ):
        with transaction(engine) as session:
            wanted = session.scalars(
                text(
                    f"SELECT id FROM audit_entry WHERE account_id IS NOT NULL AND {condition} ORDER BY id DESC"
                )
            ).all()
        assert did(auditor.get(f"{PAGE}?{query}").text) == list(wanted), query
    assert auditor.get(f"{PAGE}?since=yesterday").status_code == 422


def test_words_are_looked_for_in_what_stands_there(store: tuple[Engine, dict[str, int]]):
    engine, made = store
    auditor = Keeper(engine, made["auditor"])
    for query, condition in (
        ("导出列表", "action = 'export'"),
        ("export", "action = 'export'"),
        ("户档核实", "purpose = 'verify'"),
        ("subject", "false"),
    ):
        with transaction(engine) as session:
            wanted = session.scalars(
                text(f"SELECT id FROM audit_entry WHERE {condition} ORDER BY id DESC")
            ).all()
        assert did(auditor.get(f"{PAGE}?lang=zh&q={query}").text) == list(wanted), query


def test_the_way_between_pages_and_back_to_all_is_said_in_chinese(
    store: tuple[Engine, dict[str, int]], monkeypatch: pytest.MonkeyPatch
):
    engine, made = store
    monkeypatch.setattr("web.office.audit.PORTION", 1)
    page = Keeper(engine, made["auditor"]).get(f"{PAGE}?lang=zh&page=2&action=unmask").text
    turning = page.split('aria-label="页码"')[1].split("</nav>")[0]
    assert re.findall(r'rel="(\w+)">([^<]+)<', turning) == [
        ("prev", "← 上一页"),
        ("next", "下一页 →"),
    ]
    assert "action=unmask" in turning and len(did(page)) == 1
    assert f'<a class="button" href="{PAGE}">显示全部</a>' in page


def test_a_day_is_one_of_the_clock_that_is_asked_for(store: tuple[Engine, dict[str, int]]):
    """Two clocks 26 hours apart never show the same day."""
    engine, _ = store
    early, late = "Etc/GMT+12", "Pacific/Kiritimati"
    with transaction(engine) as session:
        newest = audit.entries(session, limit=1)[0]
        day = newest.at.astimezone(ZoneInfo(late)).date()
        asked = {"since": day, "until": day, "limit": 1000}
        assert newest in audit.entries(session, time_zone=late, **asked)
        assert newest not in audit.entries(session, time_zone=early, **asked)


def test_one_audits_those_with_a_post_on_ones_ground(store: tuple[Engine, dict[str, int]]):
    engine, made = store
    assert did(Keeper(engine, made["auditor"]).get(PAGE).text)
    assert did(Keeper(engine, made["elsewhere"]).get(PAGE).text) == []
    assert Keeper(engine, made["clerk"]).get(PAGE).status_code == 403


def test_the_store_and_the_program_come_to_one_verdict(store: tuple[Engine, dict[str, int]]):
    engine, made = store
    auditor = Keeper(engine, made["elsewhere"])
    page = auditor.get(f"{PAGE}?verify=1").text
    with transaction(engine) as session:
        verdict = verify(session)
    assert f"Whole: {verdict.entries} entries" in page and verdict.last_hash in page
    # Sorting the list computes nothing anew.
    page = Keeper(engine, made["auditor"]).get(f"{PAGE}?verify=1&noted=00").text
    sorted_by = re.findall(r'href="(/office/audit\?[^"]*sort=[^"]*)"', page)
    assert sorted_by and not [each for each in sorted_by if "verify" in each or "noted" in each]
    assert "Whole" in auditor.get(f"{PAGE}?verify=1&noted={verdict.last_hash}").text
    assert "were cut off" in auditor.get(f"{PAGE}?verify=1&noted=00").text


def test_a_changed_entry_breaks_the_chain_where_it_was_changed(
    store: tuple[Engine, dict[str, int]],
):
    engine, made = store
    auditor = Keeper(engine, made["auditor"])
    change = "ALTER TABLE audit_entry DISABLE TRIGGER keep_audit; UPDATE audit_entry SET purpose = '{}' WHERE id = {}; ALTER TABLE audit_entry ENABLE TRIGGER keep_audit"  # fmt: skip
    with transaction(engine) as session:
        first = session.scalar(text("SELECT min(id) FROM audit_entry WHERE purpose = 'verify'"))
        for statement in change.format("care", first).split("; "):
            session.execute(text(statement))
        assert verify(session).broken == first
    try:
        assert f"Broken at entry {first}" in auditor.get(f"{PAGE}?verify=1").text
    finally:
        with transaction(engine) as session:
            for statement in change.format("verify", first).split("; "):
                session.execute(text(statement))
    assert "Whole" in auditor.get(f"{PAGE}?verify=1").text


def test_without_the_right_the_store_computes_nothing(store: tuple[Engine, dict[str, int]]):
    engine, made = store
    with acting(web_engine(engine), made["clerk"]) as session:
        refused(session, "SELECT * FROM check_audit(NULL)")
