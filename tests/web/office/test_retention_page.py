"""Retention at the office's page: looked at first, deleted by the worker, and the proof of each run."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from gisgrid.jobs import office_jobs
from tests.support.accounts import acting, appointed, refused, web_engine
from tests.support.office import TOWN, Keeper, able, staffed_town

PAGE = "/office/retention"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, Any]]:
    """A small town in which one household was last verified long ago, and an auditor."""

    def town(session: Session) -> dict[str, Any]:
        made: dict[str, Any] = staffed_town(session)
        made["auditor"] = appointed(session, "auditor", TOWN, name="auditor")
        made["loader"] = able(session, "loader", "township_government", TOWN)
        session.execute(text("UPDATE resident SET verified_on = current_date"))
        session.execute(text("UPDATE household SET verified_on = current_date"))
        home = session.scalar(
            text(
                "UPDATE household SET verified_on = '2015-01-01' WHERE id = (SELECT min(id) FROM household) RETURNING id"
            )
        )
        session.execute(
            text(
                "UPDATE resident SET verified_on = '2015-01-01', phone = '19900007777' WHERE household_id = :f"
            ),
            {"f": home},
        )
        made["people"] = session.scalar(
            text("SELECT count(*) FROM resident WHERE household_id = :f"), {"f": home}
        )
        return made

    return town


def tried(keeper: Keeper) -> str:
    """The page after the worker looked."""
    assert keeper.post(f"{PAGE}/try").status_code == 303
    office_jobs.do_asked(keeper.engine)
    return str(keeper.get(PAGE).text)


def line(page: str, table: str) -> list[str]:
    """The cells of a table's line."""
    row = page.split(f'data-line="{table}"')[1].split("</tr>", maxsplit=1)[0]
    return [re.sub("<[^>]*>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]


def test_what_would_go_is_looked_at_deleted_and_proved(engine: Engine, made: dict[str, Any]):
    office = Keeper(engine, made["office"])
    first = office.get(PAGE).text
    assert "Nobody has looked since the last run" in first and "Delete for good" not in first
    before = office.scalar("SELECT count(*) FROM resident")
    page = tried(office)
    assert made["people"] > 0
    assert line(page, "resident")[3:6] == [str(before), str(made["people"]), "0"]
    assert line(page, "household")[4] == "1"
    assert "Delete what is past its time?" in page and "nobody can bring them back" in page
    assert office.scalar("SELECT count(*) FROM resident") == before, "looking deletes nothing"
    assert office.scalar("SELECT count(*) FROM retention_run") == 0
    trial = office.scalar("SELECT max(id) FROM office_job")
    assert office.post(f"{PAGE}/run", trial=str(trial)).status_code == 303
    assert "The worker is deleting what is past its time" in office.get(PAGE).text
    office_jobs.do_asked(engine)
    assert office.scalar("SELECT count(*) FROM resident") == before - made["people"]
    page = office.get(PAGE).text
    assert "nothing of it was found anywhere" in page and "测试office" in page
    assert "Nobody has looked since the last run" in page, "what was looked at is gone"
    number = office.scalar("SELECT max(id) FROM retention_run")
    proof = office.get(f"{PAGE}/{number}").text
    assert line(proof, "resident")[4] == str(made["people"])
    assert "house.address" in proof and "looked for in every column of words" in proof
    assert "19900007777" not in proof
    assert "各处均无残留" in office.get(f"{PAGE}/{number}?lang=zh").text
    assert office.scalar("SELECT account_name FROM audit_entry WHERE action = 'retention' AND subject = 'resident'") == "office"  # fmt: skip


def test_nothing_is_deleted_that_nobody_looked_at_today(engine: Engine, made: dict[str, Any]):
    office = Keeper(engine, made["office"])
    before = office.scalar("SELECT count(*) FROM resident")
    for trial in ("", "x", "999"):
        answer = office.post(f"{PAGE}/run", trial=trial)
        assert answer.status_code == 409 and "First try what would go today" in answer.text
    tried(office)
    trial = office.scalar("SELECT max(id) FROM office_job")
    with transaction(engine) as session:
        session.execute(
            text("UPDATE office_job SET result = jsonb_set(result, '{as_of}', '\"2020-01-01\"')")
        )
    assert "Delete for good" not in office.get(PAGE).text
    assert office.post(f"{PAGE}/run", trial=str(trial)).status_code == 409
    assert office_jobs.do_asked(engine) == 0
    assert office.scalar("SELECT count(*) FROM resident") == before


def test_two_do_not_look_at_once_and_a_lost_right_is_lost(engine: Engine, made: dict[str, Any]):
    office = Keeper(engine, made["office"])
    assert office.post(f"{PAGE}/try").status_code == 303
    twice = office.post(f"{PAGE}/try")
    assert twice.status_code == 409 and "being done already" in twice.text
    with transaction(engine) as session:
        session.execute(
            text(
                "UPDATE appointment SET during = daterange(lower(during), current_date - 1) WHERE account_id = :a"
            ),
            {"a": made["office"]},
        )
    office_jobs.do_asked(engine)
    with transaction(engine) as session:
        state, why = session.execute(text("SELECT state, failed FROM office_job")).one()
    assert state == "failed" and "administer" in why
    assert "The last order came to nothing" in Keeper(engine, made["root"]).get(PAGE).text


def test_an_auditor_reads_the_proof_and_orders_nothing(engine: Engine, made: dict[str, Any]):
    office = Keeper(engine, made["office"])
    tried(office)
    trial = office.scalar("SELECT max(id) FROM office_job")
    office.post(f"{PAGE}/run", trial=str(trial))
    office_jobs.do_asked(engine)
    number = office.scalar("SELECT max(id) FROM retention_run")
    auditor = Keeper(engine, made["auditor"])
    page = auditor.get(PAGE).text
    assert f'data-run="{number}"' in page and "Look what would go today" not in page
    assert auditor.get(f"{PAGE}/{number}").status_code == 200
    assert auditor.post(f"{PAGE}/try").status_code == 403
    assert auditor.post(f"{PAGE}/run", trial=str(trial)).status_code == 403
    assert auditor.get(f"{PAGE}/999").status_code == 404
    loader = Keeper(engine, made["loader"])
    assert loader.get(PAGE).status_code == 403
    with acting(web_engine(engine), made["loader"]) as session:
        assert session.scalar(text("SELECT count(*) FROM retention_run")) == 0
        refused(session, "DELETE FROM retention_run")


def test_the_history_of_the_next_township_is_left_alone(engine: Engine, made: dict[str, Any]):
    office = Keeper(engine, made["office"])
    with transaction(engine) as session:
        session.execute(
            text(
                "INSERT INTO history (table_name, row_id, changed_at, action, old) "
                "SELECT 'resident', 999999, '2015-01-01', 'UPDATE', jsonb_build_object('township_id', t) "
                "FROM unnest(ARRAY[(SELECT area_id FROM township), -1]) t"
            )
        )
    page = tried(office)
    assert line(page, "history")[4] == "1"
