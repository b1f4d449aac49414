"""The commands of cases, flows and calendars."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from gisgrid.cli import main
from gisgrid.db.store import transaction
from tests.support.cases import new_case
from tests.support.factories import create_event, create_matter, create_plan, create_township
from tests.support.sketch import spot
from tests.support.town_files import DATA


@pytest.fixture
def cli(engine: Engine):
    url = engine.url.render_as_string(hide_password=False).replace("+psycopg", "")

    def run(*args: str, ok: bool = True) -> Result:
        result = CliRunner().invoke(main, args, env={"DATABASE_URL": url, "LANG": "C"})
        assert (result.exit_code == 0) == ok, result.output
        return result

    return run


def test_a_case_is_walked_on_the_terminal(cli, engine: Engine, tmp_path: Path):
    with transaction(engine) as session:
        township = create_township(session)
        create_plan(session, township, "a b")
        case = new_case(session, township)
        lamp = create_matter(session, township, name="路灯损坏").code
    calendar = str(DATA / "calendar/calendar.csv")
    assert "0 clocks turned\n2 clocks wait for a calendar" in cli("case", "judge").output
    assert "dry run" in cli("calendar", "load", calendar).output
    assert "no calendar of 2023" in cli("calendar", "show", "2023").output
    assert "2023: 249 working days, changed" in cli("calendar", "load", calendar, "--commit").output
    assert "2023-10-07 Sat 08:00-12:00 13:30-17:30" in cli("calendar", "show", "2023").output
    shown = cli("case", "show", str(case.id)).output
    assert "已采集" in shown
    assert "2023-08-15 14:30" in shown
    take = ("case", "take", str(case.id))
    assert "dry run" in cli(*take, "file", "--role", "dispatcher").output
    assert "已立案" in cli(*take, "file", "--role", "dispatcher", "--commit").output
    refused = cli(*take, "close", "--role", "dispatcher", "--commit", ok=False)
    assert "From “filed” there is no step “close”" in refused.output
    stale = cli(*take, "dispatch", "--role", "dispatcher", "--seq", "1", "--grid", "a", ok=False)
    assert "has moved on" in stale.output
    correct = (*take, "correct", "--role", "dispatcher", "--reason", "看错", "--commit")
    assert "Say which matter" in cli(*correct, ok=False).output
    assert "已立案" in cli(*correct, "--matter", lamp).output
    assert "already" in cli(*correct, "--matter", lamp, ok=False).output
    # What has left the list is refused, and kept as a demand where it was meant.
    gone = "consent = 'x', during = daterange('2020-01-01', '2020-02-01')"
    with engine.begin() as c:
        c.execute(text(f"UPDATE matter SET {gone} WHERE parent_id IS NOT NULL"))
    for more in ((), ("--commit",)):
        assert "not on the list" in cli(
            *take, "dispatch", "--role", "dispatcher", "--grid", "a", *more, ok=False
        ).output  # fmt: skip
    with engine.connect() as c:
        assert c.scalar(text("SELECT count(*) FROM refused_demand")) == 1
    assert "1 clocks turned" in cli("case", "judge", "--commit").output
    flow = cli("case", "flow", "show", "normal").output
    path = tmp_path / "flow.toml"
    path.write_text(flow.replace('version = "2"', 'version = "3"'), encoding="utf-8")
    assert "version 3: 11 states" in cli("case", "flow", "load", str(path), "--commit").output
    with engine.connect() as c:
        assert c.scalar(text("SELECT max(version) FROM flow")) == "3"
    path.write_text("nonsense", encoding="utf-8")
    assert "flow.toml" in cli("case", "flow", "load", str(path), ok=False).output


def test_loaded_events_get_cases_figures_and_an_emergency(cli, engine: Engine):
    with transaction(engine) as session:
        township = create_township(session)
        create_plan(session, township, "a b")
        create_event(session, township, spot(0.5, 0.5))
        code = session.scalar(text("SELECT code FROM area WHERE level = 'community'"))
    assert "1 cases, 0 of them closed" in cli("case", "open", "--commit").output
    assert "0 cases" in cli("case", "open", "--commit").output
    shown = cli(
        "case", "figures", "matter", "--since", "2023-05-01", "--until", "2023-05-31"
    ).output
    assert "received" in shown
    on = ("case", "emergency", "on", code, "--reason", "暴雨", "--commit")
    assert "emergency 1" in cli(*on).output
    assert "already" in cli(*on, ok=False).output
    assert "1 running" in cli("case", "emergency", "list").output
    assert "back to normal" in cli("case", "emergency", "off", "1", "--commit").output
    assert "0 running" in cli("case", "emergency", "list").output


def test_the_list_is_printed_compared_and_asked(cli, engine: Engine, tmp_path: Path):
    with transaction(engine) as session:
        township = create_township(session)
        matter = create_matter(session, township, office="所").code
    assert matter in cli("matters", "rulebook", "--xlsx", str(tmp_path / "b.xlsx")).output
    assert (tmp_path / "b.xlsx").stat().st_size > 1000
    assert "0 changes" in cli("matters", "diff", "1", "1").output
    asked = cli("matters", "demand", "填表", "--from", "某局", "--commit").output
    assert asked.startswith("refused")
    args = ("--parent", matter.removesuffix(".1"), "--name", "临时", "--consent", "某文")
    days = ("--since", "2026-01-01", "--until", "2026-01-31")
    limits = ("--limit", "3 working_days", "--closing", "水已排净", "--commit")
    assert "T1 临时" in cli("matters", "temporary", "T1", *args, *days, *limits).output
    assert "working time" in cli(
        "matters", "temporary", "T2", *args, *days, "--limit", "3 clock_days", ok=False
    ).output  # fmt: skip
    over = cli("matters", "end-temporary", "T1", "--why", "已结束", ok=False)
    assert "no temporary item" in over.output or "ends on 2026-01-31 already" in over.output
    printed = cli("matters", "rulebook").output
    assert "T1" in printed and "3 working_days" in printed and "水已排净" in printed
    assert "community" in cli("matters", "burden", "--since", "2020-01-01").output


def test_a_list_is_drafted_published_and_supplemented_at_the_terminal(
    cli, engine: Engine, tmp_path: Path
):
    with transaction(engine) as session:
        township = create_township(session)
        code = create_matter(session, township, name="垃圾", decider="community", acts="grid").code
        home = session.scalar(text("SELECT code FROM area WHERE level = 'community'"))

    def matters(*words: str, ok: bool = True) -> str:
        return cli("matters", *words, ok=ok).output

    assert "dry run" in matters("draft", "2") and "draft" not in matters("versions")
    assert "draft 2: 1 items" in matters("draft", "2", "--commit") and "draft 2" in matters(
        "versions"
    )
    sets = (
        "--set",
        "time_limit=2 working_days",
        "--set",
        "informs=section;township",
        "--set",
        "limits.file=30 working_minutes",
    )
    assert f"{code}: informs, time_limit, limits" in matters("item", code, *sets, "--commit")
    assert "nothing changed" in matters("item", code, *sets, "--commit")
    for wrong, said in (
        ("time_limit=0 working_days", "a limit of 0"), ("colour=red", "no field 'colour'"), ("since=x", "since cannot be 'x'"),
        ("name", "field=value"), ("asks_photo=perhaps", "asks_photo cannot be"),
    ):  # fmt: skip
        assert said in matters("item", code, "--set", wrong, ok=False), wrong
    new = ("--set", "name=光污染", "--set", f"parent={code.removesuffix('.1')}")
    assert "N1: added" in matters("item", "N1", "--new", *new, "--commit")
    assert "N1: off the draft" in matters("withdraw", "N1", "--commit")
    assert "2 working_days" in matters("foresee")
    assert "never published backwards" in matters("publish", "--from", "2020-01-01", ok=False)
    assert "version 2: in force from" in matters("publish", "--commit")
    assert "a draft again" in matters("take-back", "2", "--commit")
    assert "draft 2: gone" in matters("discard", "--commit")
    assert "no draft" in matters("discard", ok=False)
    (line,) = (
        row
        for row in matters("duties", "--xlsx", str(tmp_path / "d.xlsx")).splitlines()
        if code in row
    )
    assert line.split()[-2:] == ["D", "A"] and (tmp_path / "d.xlsx").stat().st_size > 1000
    assert "rule 1: waiting" in matters(
        "rule", code, "--community", home, "--text", "每周五清运", "--commit"
    )
    assert "rule 1: agreed" in matters("decide", "1", "--commit")
    assert "decided or ended" in matters("decide", "1", "--refuse", "不妥", ok=False)
    assert "每周五清运" in matters("rules") and "agreed" in matters("rules")
    assert "rule 1: ended" in matters("end-rule", "1", "--commit")


def test_a_calendar_is_proposed_from_the_newest_office_hours_and_what_was_announced(
    cli, engine: Engine
):
    with transaction(engine) as session:
        create_township(session)
    assert "has no calendar yet" in cli("calendar", "propose", "2026", ok=False).output
    cli("calendar", "load", str(DATA / "calendar/calendar.csv"), "--commit")
    # Town F's file was written from the notices themselves: nothing is left to change but names.
    with engine.begin() as connection:
        written = connection.execute(
            text("SELECT year, hours FROM calendar_year ORDER BY year")
        ).all()
        connection.execute(text("DELETE FROM calendar_year WHERE year > 2022"))
    for year in range(2023, 2027):
        assert "dry run" in cli("calendar", "propose", str(year)).output
        told = cli("calendar", "propose", str(year), "--commit").output
        assert "changed" in told
    assert "2026-02-14 Sat 调休上班" in told
    with engine.connect() as connection:
        proposed = connection.execute(
            text("SELECT year, hours FROM calendar_year ORDER BY year")
        ).all()
    assert proposed == written
    assert "as before" in cli("calendar", "propose", "2026").output


def test_a_year_whose_holidays_nobody_has_announced_is_not_guessed(cli, engine: Engine):
    with transaction(engine) as session:
        create_township(session)
    cli("calendar", "load", str(DATA / "calendar/calendar.csv"), "--commit")
    assert "are not known to this program" in cli("calendar", "propose", "2090", ok=False).output
