"""Background jobs at the office's page: told in words, stopped and ordered again by right, with the worker's pulse."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import openpyxl
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, NotAllowed, NotFound
from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.jobs import ordered, worker
from tests.support.accounts import acting, appointed, web_engine
from tests.support.jobs import busy_town
from tests.support.office import TOWN, Keeper, staffed_town

PAGE = "/office/jobs"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, int]]:
    def town(session: Session) -> dict[str, int]:
        return busy_town(session, staffed_town(session))

    return town


def row(page: str, key: str) -> str:
    return page.split(f'data-job="{key}"')[1].split("</tr>", maxsplit=1)[0]


def test_each_job_says_what_it_is_who_asked_and_how_it_stands(engine: Engine, made: dict[str, int]):
    page = Keeper(engine, made["office"]).get(PAGE).text
    runs = row(page, f"plan-{made['runs']}")
    assert "Rebalancing a plan" in runs and "测试规划 (planner)" in runs and "草案甲" in runs
    assert "1 / 4" in runs and "weighing the work" in runs and "Stop this job?" in runs
    failed = row(page, f"plan-{made['failed']}")
    assert "The ground is empty." in failed and "All checks of a plan" in failed
    assert "Coverage for the map" in row(page, f"study-{made['draft']}|coverage|2026-01-01")
    # Of a file that the administrator may load, its name.
    assert "虚构名单.csv" in row(page, f"file-{made['file']}")
    only = Keeper(engine, made["office"]).get(f"{PAGE}?state=failed").text
    assert f"plan-{made['failed']}" in only and f"plan-{made['runs']}" not in only
    office = Keeper(engine, made["office"])
    orders = [
        re.findall(r'data-job="([^"]+)"', office.get(f"{PAGE}?sort={sort}").text)
        for sort in ("kind", "-kind", "state", "-asked_at")
    ]
    assert (
        len({tuple(each) for each in orders}) > 2 and len({frozenset(each) for each in orders}) == 1
    )
    found = office.get(f"{PAGE}?q=虚构名单").text
    assert re.findall(r'data-job="([^"]+)"', found) == [f"file-{made['file']}"]
    # What stands there is found in the asker's language, and no code that nobody sees.
    found = office.get(f"{PAGE}?lang=zh&q=失败").text
    assert re.findall(r'data-job="([^"]+)"', found) == [f"plan-{made['failed']}"]
    assert "没有符合条件的任务。" in office.get(f"{PAGE}?lang=zh&q=failed").text
    assert "No job is like this." in office.get(f"{PAGE}?lang=en&q=nothing+like+it").text
    chinese = Keeper(engine, made["office"]).get(f"{PAGE}?lang=zh").text
    assert "没有范围。" in chinese and "方案均衡" in chinese and "后台任务" in chinese


def test_everybody_sees_the_jobs_of_their_own_work(engine: Engine, made: dict[str, int]):
    draws = Keeper(engine, made["planner"]).get(PAGE).text
    assert f"plan-{made['runs']}" in draws and f"file-{made['file']}" not in draws
    loads = Keeper(engine, made["loader"]).get(PAGE).text
    assert f"file-{made['file']}" in loads and f"plan-{made['runs']}" not in loads
    reviews = Keeper(engine, made["reviewer"]).get(f"{PAGE}?township={TOWN}").text
    assert f"plan-{made['runs']}" in reviews and "Stop this job?" not in reviews
    assert Keeper(engine, made["clerk"]).get(PAGE).status_code == 403


def test_a_job_is_stopped_by_who_draws_or_administers_and_the_audit_says_who(
    engine: Engine, made: dict[str, int]
):
    office = Keeper(engine, made["office"])
    key = str(made["runs"])
    refused = Keeper(engine, made["reviewer"]).post(
        f"{PAGE}/stop?township={TOWN}", road="plan", key=key
    )
    assert (
        refused.status_code == 403
        and office.scalar("SELECT state FROM job WHERE id = :i", i=made["runs"]) == "running"
    )
    assert office.post(f"{PAGE}/stop", road="plan", key=key).status_code == 303
    assert office.scalar("SELECT state FROM job WHERE id = :i", i=made["runs"]) == "cancelled"
    assert (
        office.scalar(
            "SELECT account_name FROM audit_entry WHERE action = 'cancel' AND subject = 'job: rebalance'"
        )
        == "office"
    )
    late = office.post(f"{PAGE}/stop", road="plan", key=key)
    assert late.status_code == 409 and "there is nothing to stop" in late.text
    study = f"{made['draft']}|coverage|2026-01-01"
    assert office.post(f"{PAGE}/stop", road="study", key=study).status_code == 303
    assert office.scalar("SELECT asked_at FROM study") is None
    gone = office.post(f"{PAGE}/stop", road="x", key="1")
    assert gone.status_code == 404 and "There is no such job." in gone.text


def test_what_failed_is_ordered_again_as_it_was_meant(engine: Engine, made: dict[str, int]):
    planner = Keeper(engine, made["planner"])
    assert planner.post(f"{PAGE}/again", road="plan", key=str(made["failed"])).status_code == 303
    kinds = planner.scalar("SELECT array_agg(kind ORDER BY id) FROM job WHERE state = 'waiting'")
    assert kinds == ["check"], "the new one, beside the one that failed"
    assert planner.scalar("SELECT count(*) FROM audit_entry WHERE action = 'again'") == 1
    busy = planner.post(f"{PAGE}/again", road="plan", key=str(made["runs"]))
    assert busy.status_code == 409 and "Only what failed or was cancelled" in busy.text
    # Who administers keeps the machine, and orders no plan.
    other = Keeper(engine, made["office"]).post(
        f"{PAGE}/again", road="plan", key=str(made["failed"])
    )
    assert other.status_code == 403


def test_a_file_is_worked_on_again_as_its_sender_meant_it(engine: Engine, made: dict[str, int]):
    loader = Keeper(engine, made["loader"])
    assert loader.post(f"{PAGE}/again", road="file", key=str(made["file"])).status_code == 303
    assert loader.scalar("SELECT state || task FROM file_import") == "waitingcheck"


def test_the_page_says_whether_the_worker_is_awake_and_what_it_did_by_the_clock(
    engine: Engine, made: dict[str, int]
):
    office = Keeper(engine, made["office"])
    page = office.get(PAGE).text
    assert 'data-worker="asleep"' in page and "was never heard of" in page
    worker.do_scheduled(engine, {})
    page = office.get(PAGE).text
    assert 'data-worker="awake"' in page
    for name in (
        "emergencies",
        "clocks",
        "reviews",
        "figures",
        "collections",
        "plans",
        "lost_jobs",
    ):
        assert f'data-clock="{name}"' in page, name
    with transaction(engine) as session:
        session.execute(text("UPDATE clock_task SET ran_at = now() - interval '1 hour'"))
    page = office.get(PAGE).text
    assert "has not been heard of since" in page and "when the worker is awake" in page


def test_today_says_what_waits_for_the_worker_and_that_it_sleeps(
    engine: Engine, made: dict[str, int]
):
    root = Keeper(engine, made["root"])

    def card(name: str) -> str:
        return str(root.get("/").text.split(f'data-card="{name}"')[1].split("</section>")[0])

    assert '<p class="card-number">2<' in card("jobs") and "The worker is not awake" in card("jobs")
    assert "1 failed within a week" in card("jobs")
    worker.do_scheduled(engine, {})
    assert "The worker is not awake" not in card("jobs")
    assert '<p class="card-number">none<' in card("backups") and "No backup is known" in card(
        "backups"
    )


def test_jobs_of_another_town_are_neither_seen_nor_stopped(engine: Engine, made: dict[str, int]):
    with transaction(engine) as session:
        session.execute(
            text(
                "WITH t AS (INSERT INTO area (code, level, name, parent_id) SELECT '999901002', 'township', '虚镇', id "
                "FROM area WHERE level = 'county' RETURNING id) INSERT INTO township (area_id, metric_srid) SELECT id, 4549 FROM t"
            )
        )
        stranger = appointed(session, "administrator", "999901002", name="stranger")
        town = township(session, TOWN).id
    other = Keeper(engine, stranger)
    for path in (PAGE, f"{PAGE}?township={TOWN}"):
        page = other.get(path).text
        assert "草案甲" not in page and "虚构名单" not in page
    assert (
        other.post(f"{PAGE}/stop?township={TOWN}", road="plan", key=str(made["runs"])).status_code
        == 404
    )
    with acting(web_engine(engine), stranger) as session:
        assert ordered.jobs(session, town) == []


def test_the_workbook_has_the_list_for_who_may_take_it_away(engine: Engine, made: dict[str, int]):
    assert (
        Keeper(engine, made["reviewer"]).get(f"{PAGE}?as=xlsx&township={TOWN}").status_code == 403
    )
    book = Keeper(engine, made["planner"]).get(f"{PAGE}?as=xlsx&lang=en")
    rows = list(openpyxl.load_workbook(io.BytesIO(book.data)).active.values)
    assert rows[0][:3] == ("Job", "About", "Asked by")
    assert ("Rebalancing a plan", "草案甲", "测试规划 (planner)") in [each[:3] for each in rows]


def test_the_server_keeps_jobs_by_the_same_verbs(engine: Engine, made: dict[str, int]):
    with transaction(engine) as session:
        place = township(session)
        assert {each.road for each in ordered.jobs(session, place.id)} == {"plan", "file", "study"}
        ordered.again(session, place, "file", str(made["file"]), who="x")
        ordered.stop(session, place.id, "file", str(made["file"]))
        with pytest.raises(NotFound):
            ordered.stop(session, place.id, "drill", "1")
        with pytest.raises(Conflict, match="Only what failed"):
            ordered.again(session, place, "plan", str(made["runs"]), who="x")
        session.execute(
            text("UPDATE job SET kind = 'take', state = 'failed' WHERE id = :i"),
            {"i": made["failed"]},
        )
        with pytest.raises(NotAllowed, match="on the page it belongs to"):
            ordered.again(session, place, "plan", str(made["failed"]), who="x")
