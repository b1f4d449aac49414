"""The township in the browser: settings by their own description, the calendar of a year, weights in versions."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases.clocks import calendar_years
from gisgrid.core.limits import Limits
from gisgrid.core.plans import township
from gisgrid.core.retention_periods import Keeping
from gisgrid.db.store import transaction
from gisgrid.jobs.scheduled import keep_up
from gisgrid.people.privacy.masking import MASKS
from gisgrid.planning.settings.townships import OPTIONS
from tests.support.accounts import appointed
from tests.support.office import TOWN, Keeper, staffed_town

PLACE = "/office/township"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, int]]:
    return staffed_town


@pytest.fixture
def office(engine: Engine, made: dict[str, int]) -> Keeper:
    return Keeper(engine, made["office"])


def form_of(page: str) -> dict[str, str]:
    """The settings as the form has them."""
    found = dict(re.findall(r'<input class="field" id="([\w.]+)" name="\1" value="([^"]*)"', page))
    for name, body in re.findall(
        r'<select id="([\w.]+)" name="\1"[^>]*>(.*?)</select>', page, re.DOTALL
    ):
        found[name] = (re.findall(r'value="([^"]+)" selected', body) or [""])[0]
    return found


def test_every_setting_stands_in_the_form_with_what_it_means(office: Keeper):
    page = office.get(PLACE).text
    named = set(re.findall(r'data-setting="([\w.]+)"', page))
    assert named == {
        *OPTIONS, *(f"limits.{f.name}" for f in fields(Limits)), *(f"keeping.{f.name}" for f in fields(Keeping)),
        *(f"masking.{name}" for name in MASKS),
        *(f"sizes.{kind}.{of}" for kind in ("basic", "exclusive") for of in ("residents", "households", "houses")),
    }  # fmt: skip
    assert "longest walk from a house to a team post or station, metres" in page
    assert "usually 800" in page and "residents of basic grids: least, target, most" in page
    chinese = office.get(f"{PLACE}?lang=zh").text
    assert "从房屋到网格站点" in chinese or "步行" in chinese
    assert not re.search(r"<label[^>]*>[^<\u4e00-\u9fff]{20,}</label>", chinese), (
        "a meaning without Chinese"
    )


def test_what_is_changed_is_kept_and_tells_who_did_it(office: Keeper):
    form = form_of(office.get(PLACE).text)
    assert form["grid_rule"] == "hole" and form["limits.walk_m"] == ""
    form |= {
        "limits.walk_m": "500",
        "sizes.basic.residents": "100,180,300",
        "grid_rule": "overlay",
        "masking.phone": "0,4",
    }
    assert office.post(PLACE, **form).status_code == 303
    page = office.get(PLACE).text
    assert "4 settings changed." in page
    assert form_of(page) == form
    assert (
        page.count("changed by office") == 4 and ">100,180,300</td>" in page and ">500</td>" in page
    )
    rows = office.scalar(
        "SELECT string_agg(concat_ws(' ', name, coalesce(was, '-'), became, who), '; ' ORDER BY name) FROM setting_change"
    )
    assert rows == (
        "grid_rule hole overlay office; limits.walk_m - 500.0 office; masking.phone - [0, 4] office; "
        "sizes.basic.residents - [100.0, 180.0, 300.0] office"
    )
    assert office.post(PLACE, **form).status_code == 303
    assert "Nothing was changed." in office.get(PLACE).text
    office.post(PLACE, **(form | {"limits.walk_m": ""}))
    assert office.scalar("SELECT limits FROM township") == {}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("near_border_m", "-1", "it is a number of metres from 0 to 1000"),
        ("metric_srid", "4326", "the EPSG code of a projected coordinate system in metres"),
        ("time_zone", "Mars/Olympus", "a time zone such as"),
        ("limits.walk_m", "far", "it takes numbers"),
        ("limits.walk_m", "nan", "a number of 0 or more"),
        ("sizes.basic.residents", "300,200,100", "is none: it is min, target, max"),
        ("masking.phone", "9,9", "masking.phone cannot be"),
        ("keeping.visits", "-3", "a number of 0 or more"),
    ],
)
def test_what_a_setting_cannot_be_is_refused_and_nothing_typed_is_lost(
    office: Keeper, name: str, value: str, said: str
):
    form = form_of(office.get(PLACE).text) | {name: value, "public_minimum": "7"}
    refused = office.post(PLACE, **form)
    assert refused.status_code == 422 and said in refused.text
    assert form_of(refused.text)[name] == value and form_of(refused.text)["public_minimum"] == "7"
    assert office.scalar("SELECT public_minimum FROM township") == 5
    assert re.search(
        r"[\u4e00-\u9fff]",
        re.findall(r'role="alert">([^<]+)<', office.post(f"{PLACE}?lang=zh", **form).text)[0],
    )


def test_only_ones_own_township_is_administered(engine: Engine, made: dict[str, int]):
    with transaction(engine) as session:
        session.execute(
            text(
                "WITH t AS (INSERT INTO area (code, level, name, parent_id) SELECT '999901002', 'township', '虚镇', id "
                "FROM area WHERE level = 'county' RETURNING id) INSERT INTO township (area_id, metric_srid) SELECT id, 4549 FROM t"
            )
        )
        stranger = appointed(session, "administrator", "999901002", name="stranger")
    other = Keeper(engine, stranger)
    for path, form in (
        ("", {"public_minimum": "9"}), ("/calendar/keep", {"propose": "2026", "hours": "08:00-12:00"}),
        ("/weights", {"version": "x"}),
    ):  # fmt: skip
        assert other.post(f"{PLACE}{path}?township={TOWN}", **form).status_code == 403, path
    assert other.get(f"{PLACE}?township={TOWN}").status_code == 403
    assert other.scalar("SELECT count(*) FROM calendar_year") == 0


def test_a_year_is_proposed_looked_at_and_kept(office: Keeper):
    empty = office.get(f"{PLACE}/calendar").text
    assert "There is no calendar of" in empty
    lacking = office.get(f"{PLACE}/calendar?propose=2025")
    assert lacking.status_code == 422 and "Write the office hours" in lacking.text
    shown = office.get(f"{PLACE}/calendar?propose=2025&hours=08:30-12:00+14:00-17:30").text
    counts = dict(re.findall(r'data-count="(\w+)"><strong>(\d+)', shown))
    # 2025 by the State Council's notice: 248 working days.
    assert counts["working"] == "248" and "nothing is kept yet" in shown
    assert 'type="hidden" name="hours" value="08:30-12:00 14:00-17:30"' in shown, (
        "what is kept is what is seen"
    )
    assert 'data-day="2025-01-26"' in shown and "调休上班" in shown and "春节" in shown
    assert office.scalar("SELECT count(*) FROM calendar_year") == 0
    kept = office.post(f"{PLACE}/calendar/keep", propose="2025", hours="08:30-12:00 14:00-17:30")
    assert kept.status_code == 303
    page = office.get(kept.location).text
    assert "Clocks that run are counted anew" in page and "08:30–12:00 14:00–17:30" in page
    for form, said in (
        ({"propose": "1900", "hours": "08:00-12:00"}, "are not known to this program"),
        ({"propose": "2025", "hours": "soon"}, "are no office hours"), ({"propose": "x"}, "Write a year"),
    ):  # fmt: skip
        refused = office.post(f"{PLACE}/calendar/keep", **form)
        assert refused.status_code in (404, 422) and said in refused.text


def test_a_day_is_changed_and_the_worker_counts_running_clocks_anew(office: Keeper, engine: Engine):
    office.post(f"{PLACE}/calendar/keep", propose="2025", hours="08:30-12:00 14:00-17:30")
    assert office.scalar("SELECT counted FROM calendar_year") is False
    keep_up(engine, datetime.now(UTC))
    assert office.scalar("SELECT counted FROM calendar_year") is True
    changed = office.post(f"{PLACE}/calendar/day", day="2025-03-12", kind="off", name="植树活动")
    assert changed.status_code == 303
    page = office.get(changed.location).text
    assert "<strong>247<" in page and "植树活动" in page
    with transaction(engine) as session:
        (year,) = calendar_years(session, township(session).id)
    assert year.hours[datetime(2025, 3, 12, tzinfo=UTC).timetuple().tm_yday - 1] == ()
    office.post(f"{PLACE}/calendar/day", day="2025-03-12", kind="usual")
    assert "<strong>248<" in office.get(f"{PLACE}/calendar?year=2025").text
    for form, status in (
        ({"day": "", "kind": "off"}, 422), ({"day": "2031-01-01", "kind": "off"}, 404),
        ({"day": "2025-03-12", "kind": "x"}, 422),
    ):  # fmt: skip
        assert office.post(f"{PLACE}/calendar/day", **form).status_code == status
    who = office.scalar(
        "SELECT count(*) FROM audit_entry WHERE subject = 'calendar_year' AND account_name = 'office'"
    )
    assert who == 3


def test_a_proposal_asks_about_the_days_that_were_changed_by_hand(office: Keeper):
    hours = {"propose": "2025", "hours": "08:30-12:00 14:00-17:30"}
    office.post(f"{PLACE}/calendar/keep", **hours)
    assert "own-days" not in office.get(f"{PLACE}/calendar?propose=2025").text, "nothing differs"
    office.post(f"{PLACE}/calendar/day", day="2025-03-12", kind="off", name="植树活动")
    office.post(f"{PLACE}/calendar/day", day="2025-05-01", kind="working", name="值守")
    shown = office.get(f"{PLACE}/calendar?propose=2025&hours=09:00-12:00+14:00-18:00").text
    asked = shown.partition('id="own-days"')[2].partition("</fieldset>")[0]
    assert re.findall(r'data-day="(\S+)"', asked) == ["2025-03-12", "2025-05-01"]
    assert "植树活动" in asked and "a day off" in asked and "a working day" in asked
    later = {"propose": "2025", "hours": "09:00-12:00 14:00-18:00"}
    office.post(f"{PLACE}/calendar/keep", own_days="1", **later)
    kept = office.get(f"{PLACE}/calendar?year=2025").text
    assert (
        "<strong>248<" in kept and "植树活动" in kept and "值守" in kept and "09:00–12:00" in kept
    )
    office.post(f"{PLACE}/calendar/keep", **later)
    dropped = office.get(f"{PLACE}/calendar?year=2025").text
    assert "<strong>248<" in dropped and "植树活动" not in dropped and "值守" not in dropped


def test_weights_are_kept_in_versions_that_never_change(office: Keeper):
    page = office.get(f"{PLACE}/weights").text
    assert "None is kept: the usual numbers count" in page
    assert 'name="need_min.living_alone" value="40"' in page
    form = {
        "version": "2026-1",
        "household_min": "12",
        "need_min.living_alone": "60",
        "matter_min": "01=30",
    }
    assert office.post(f"{PLACE}/weights", **form).status_code == 303
    page = office.get(f"{PLACE}/weights").text
    assert (
        'data-version="2026-1"' in page
        and "household_min=12" in page
        and ">01=30</textarea>" in page
    )
    again = office.post(f"{PLACE}/weights", **(form | {"household_min": "13"}))
    assert again.status_code == 409 and "a version never changes" in again.text
    for more, said in (
        ({"version": ""}, "Give the version a name."), ({"household_min": "many"}, "cannot be"),
        ({"household_min": "-1"}, "cannot be"), ({"matter_min": "rubbish"}, "Write a line for each matter"),
    ):  # fmt: skip
        refused = office.post(f"{PLACE}/weights", **({"version": "n"} | more))
        assert refused.status_code == 422 and said in refused.text


def test_what_a_version_would_do_is_told_to_who_plans_there(
    office: Keeper, engine: Engine, made: dict[str, int]
):
    assert office.post(f"{PLACE}/weights/try", household_min="12").status_code == 403
    assert "who also has the right to plan" in office.get(f"{PLACE}/weights").text
    with transaction(engine) as session:
        session.execute(
            text(
                "INSERT INTO appointment (account_id, role, area_id, during) SELECT :k, 'planner', id, '[2020-01-01,)' "
                "FROM area WHERE level = 'township'"
            ),
            {"k": made["office"]},
        )
    form = {"household_min": "12", "resident_min": "6", "visit_min": "30"}
    page = office.post(f"{PLACE}/weights/try", **form).text
    hours = [int(n) for n in re.findall(r'data-count="(?:before|after)"><strong>(\d+) h', page)]
    assert len(hours) == 2 and hours[1] > hours[0] > 0
    assert office.scalar("SELECT count(*) FROM workload_weights") == 0


def test_who_saves_later_does_not_undo_what_another_changed(office: Keeper):
    seen = re.search(r'name="seen" value="(\d+)"', office.get(PLACE).text)
    assert seen is not None
    assert office.post(PLACE, seen=seen[1], **{"limits.walk_m": "500"}).status_code == 303
    late = office.post(PLACE, seen=seen[1], public_minimum="7")
    assert late.status_code == 409 and "Somebody else has changed settings since" in late.text
    assert office.scalar("SELECT limits ->> 'walk_m' FROM township") in ("500", "500.0")


@pytest.mark.parametrize("lines", ["01=1.2.3", "01=.", "01=5\n01=6"])
def test_minutes_of_a_matter_that_are_none_are_told(office: Keeper, lines: str):
    answer = office.post(f"{PLACE}/weights", version="x", matter_min=lines)
    assert answer.status_code == 422, answer.text


def test_commas_of_either_kind_part_numbers(office: Keeper):
    answer = office.post(PLACE, **{"sizes.basic.residents": "100，180，300"})
    assert answer.status_code == 303, answer.text
