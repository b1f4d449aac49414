"""Boston's requests as cases: the figures come out as pandas counts them."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.bulk import open_loaded
from gisgrid.cases.cases import case_log, case_now
from gisgrid.cases.facts import MEASURES
from gisgrid.cases.figures import OUTCOMES, Period, figures, rows_behind
from gisgrid.cases.flow import flow_by_id
from gisgrid.cases.matters import rule_book
from gisgrid.core.plans import plan_named, township
from gisgrid.files.columns import Mapping
from gisgrid.planning.review.publish import publish
from gisgrid.planning.settings.townships import change_township
from tests.support.case_replay import replay, same
from tests.support.cities import NEIGHBOURHOODS, load_precincts, name_places, write_csv
from tests.support.town_f import load_kind

# A hundred thousand cases go through the trigger of the log, two steps each.
pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

PATH = ("SUBJECT", "REASON", "TYPE")
ZONE = ZoneInfo("America/New_York")
YEAR = Period(date(2015, 1, 1), date(2015, 12, 31), datetime(2016, 1, 1, tzinfo=ZONE))


@pytest.fixture(scope="module")
def requests(data: Path) -> pd.DataFrame:
    """The rows that are kept: those closed before they were opened go back."""
    rows = pd.read_csv(data / "boston_311_2015.csv.gz", dtype=str)
    for column in ("OPEN_DT", "TARGET_DT", "CLOSED_DT"):
        rows[column] = pd.to_datetime(rows[column], format="%m/%d/%Y %I:%M:%S %p")
    return rows[~(rows["CLOSED_DT"] < rows["OPEN_DT"])]


@pytest.fixture(scope="module")
def boston(
    empty: Session, data: Path, requests: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Session:
    folder = tmp_path_factory.mktemp("boston")
    name_places(empty, folder, "Suffolk", "Boston")
    load_kind(empty, "areas", data / "boston_neighborhoods.geojson", mapping=NEIGHBOURHOODS)
    change_township(empty, "township", ["time_zone=America/New_York"])
    load_precincts(empty, data, crs="EPSG:2249")
    publish(empty, plan_named(empty, township(empty).id, "2015").id, date(2015, 1, 1))
    paths = requests[list(PATH)].drop_duplicates().sort_values(list(PATH))
    nodes: dict[str, tuple[str, str]] = {}
    for path in paths.itertuples(index=False):
        for depth in (1, 2, 3):
            nodes[" / ".join(path[:depth])] = (" / ".join(path[: depth - 1]), path[depth - 1])
    rows = [(code, parent, name) for code, (parent, name) in nodes.items()]
    matters = write_csv(folder / "matters.csv", "code,parent,name", rows)
    report = load_kind(empty, "matters", matters, version="2015", since=date(2015, 1, 1))
    assert (report.inserted, report.rejected.counts()) == (len(nodes), {})
    mapping = Mapping(crs="wgs84", templates={"matter": "{SUBJECT} / {REASON} / {TYPE}"})
    report = load_kind(empty, "events", data / "boston_311_2015.csv.gz", mapping=mapping)
    assert report.inserted == len(requests) == 121_145 - 197
    empty.info["made"] = open_loaded(empty, township(empty).id)
    return empty


def test_every_request_is_a_case_with_its_own_times(boston: Session, requests: pd.DataFrame):
    made = boston.info["made"]
    assert made.cases == len(requests)
    assert made.closed == requests["CLOSED_DT"].notna().sum()
    assert made.clocks == requests["TARGET_DT"].notna().sum()
    kept = boston.execute(
        text(
            "SELECT count(*) FILTER (WHERE c.open), count(*) FILTER (WHERE c.closed_at = e.closed_at),"
            " count(*) FILTER (WHERE c.opened_at = e.reported_at) "
            "FROM event_case c JOIN event e ON e.id = c.event_id"
        )
    ).one()
    assert tuple(kept) == (made.cases - made.closed, made.closed, made.cases)


def test_the_catalogue_keeps_its_three_levels(boston: Session, requests: pd.DataFrame):
    entries = rule_book(boston, township(boston).id)
    assert len(entries) == len(requests[list(PATH)].drop_duplicates())
    assert {e.major for e in entries} == set(requests["SUBJECT"])
    assert len({e.major for e in entries}) == 16


def test_the_figures_are_those_of_pandas(boston: Session, requests: pd.DataFrame):
    t = township(boston).id
    closed, due = requests["CLOSED_DT"], requests["TARGET_DT"]
    end = pd.Timestamp("2016-01-01")
    year = requests["OPEN_DT"].dt.year == 2015
    # Closed after the year: open as of its end.
    shut = closed.notna() & (closed <= end)
    outcome = pd.Series("open", index=requests.index)
    outcome[~shut & (due < end)] = "open_late"
    outcome[shut & due.isna()] = "closed_no_limit"
    outcome[shut & (closed <= due)] = "closed_in_time"
    outcome[shut & (closed > due)] = "closed_late"
    (found,) = figures(boston, t, "township", YEAR)
    assert found.counts["received"] == year.sum()
    expected = Counter(outcome[year])
    # The hour that a clock shows twice may be read either way.
    assert {o: found.counts[o] for o in OUTCOMES} == {o: expected[o] for o in OUTCOMES}
    by_subject = {f.key: f.counts["received"] for f in figures(boston, t, "major", YEAR)}
    assert by_subject == requests[year]["SUBJECT"].value_counts().to_dict()
    for unit in ("community", "grid", "source"):
        parts = figures(boston, t, unit, YEAR)
        for measure in MEASURES:
            assert sum(p.counts[measure] for p in parts) == found.counts[measure]
    late = rows_behind(boston, t, YEAR, unit="major", key="Public Works Department",
                       measure="closed_late")  # fmt: skip
    assert len(late) == ((requests["SUBJECT"] == "Public Works Department") & year
                         & (outcome == "closed_late")).sum()  # fmt: skip


def test_a_sample_of_logs_replays(boston: Session):
    ids = boston.scalars(text("SELECT id FROM event_case ORDER BY id")).all()[::4001]
    for case_id in ids:
        now = case_now(boston, case_id)
        flows = {now.flow_id: flow_by_id(boston, now.flow_id)}
        assert same(now, replay(case_log(boston, case_id), flows, now.flow_id))
