"""The list of matters on the web: rule book, two versions, and what it does not have kept as a burden."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from tests.support.accounts import acting, web_engine
from tests.support.desks import Centre, Staffed, staffed
from tests.support.sketch import spot

GONE = """
UPDATE matter SET consent = '某文', during = daterange('2023-01-01', '2023-02-01')
WHERE parent_id IS NOT NULL
"""


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Staffed]:
    return staffed


@pytest.fixture
def centre(engine: Engine, made: Staffed) -> Centre:
    return Centre(engine, made)


def dispatch(client: FlaskClient, case_id: int) -> dict[str, object]:
    page = client.get(f"/cases/{case_id}").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    body = {"step": "dispatch", "cases": [{"id": case_id}], "to": "own"}
    answer = client.post("/dispatch/steps", json=body, headers={"X-CSRFToken": token})
    (one,) = answer.get_json()["cases"]
    return dict(one)


@pytest.mark.thorough
def test_what_the_list_does_not_have_is_kept_whichever_way_it_came(centre: Centre):
    sent, gone = two_cases(centre)
    assert dispatch(centre.dispatcher, sent)["status"] == 200
    form = centre.form(centre.public, text="张三的事")
    with transaction(centre.engine) as session:
        session.execute(text(GONE))
    # The board, twice; a resident whose page is old, twice; the telephone.
    for _ in range(2):
        refused = dispatch(centre.dispatcher, gone)
        assert refused["status"] == 422 and "清单" in str(refused["said"])
        answer = centre.send(centre.public, form)
        assert answer.status_code == 422 and "没有小项" in answer.text
    assert centre.call(centre.dispatcher).status_code == 422
    with transaction(centre.engine) as session:
        # A row of before, whose reason is kept as it was said.
        session.execute(
            text(
                "INSERT INTO refused_demand (township_id, at, asked_by, matter, why) "
                "SELECT area_id, now() - interval '1 hour', '虚构局', '?', '不在清单。' FROM township"
            )
        )
        rows = session.execute(
            text(
                "SELECT asked_by, a.code IS NOT NULL, r.matter, r.text FROM refused_demand r "
                "LEFT JOIN area a ON a.id = r.community_id WHERE r.community_id IS NOT NULL ORDER BY r.id"
            )
        ).all()
        (community,) = session.scalars(text("SELECT name FROM area WHERE level = 'community'"))
    assert rows == [
        ("dispatcher.shi", True, centre.matter, None), ("resident", True, centre.matter, None),
        ("dispatcher.shi", True, centre.matter, None),
    ]  # fmt: skip
    page = centre.dispatcher.get("/figures/burden").text
    numbers = re.findall(r'<a href="(/figures/burden/rows\?[^"]+)">(\d+)</a>', page)
    assert community in page and [n for _, n in numbers] == ["1", "1", "1", "3"]
    before, cases, _, refusals = (
        centre.dispatcher.get(address.replace("&amp;", "&")).text for address, _ in numbers
    )
    assert len(re.findall(r'href="/cases/\d', cases)) == 1 and f'href="/cases/{sent}"' in cases
    assert refusals.count("暴露垃圾") == 3 and "居民" in refusals and "张三" not in refusals
    assert refusals.count("的清单中没有该小项，不得交办给网格。") == 3 and "不在清单。" in before
    english = centre.dispatcher.get(numbers[-1][0].replace("&amp;", "&") + "&lang=en").text
    assert english.count("has no such minor item; the grids are not to be asked.") == 3
    earlier = centre.dispatcher.get("/figures/burden?since=2023-01-01&until=2023-01-31").text
    assert "/figures/burden/rows" not in earlier
    # A team sees a part of its community's cases, and no number that would be wrong.
    assert "/figures/burden/rows" not in centre.worker.get("/figures/burden").text
    assert centre.public.get("/figures/burden").status_code == 401


def two_cases(centre: Centre) -> list[int]:
    """Filed, at places so far apart that they are not one thing."""
    found = []
    for at in ((0.2, 0.2), (0.8, 0.8)):
        answer = centre.call(centre.dispatcher, spot(*at), file="1")
        assert answer.status_code == 303, answer.text
        found.append(int(answer.location.split("/")[-1]))
    return found


def test_nobody_asks_under_another_name_or_leaves_words(centre: Centre):
    with transaction(centre.engine) as session:
        town = session.scalar(text("SELECT area_id FROM township"))
    web = web_engine(centre.engine)
    write = text(
        "INSERT INTO refused_demand (township_id, at, asked_by, matter, text, why) "
        "VALUES (:t, :at, :by, 'x', :words, 'y')"
    )
    values = {"t": town, "at": datetime.now(UTC)}
    for by, words in (("dispatcher.shi", None), ("resident", "张三")):
        with pytest.raises(Exception, match="row-level security"), acting(web, None) as session:
            session.execute(write, {**values, "by": by, "words": words})


def test_the_rule_book_and_two_versions_are_pages_in_both_languages(centre: Centre):
    with transaction(centre.engine) as session:
        session.execute(
            text(
                "UPDATE matter SET decider = 'community', office = '综合执法队', acts = 'grid', "
                "informs = '{section}', time_limit = 4, limit_unit = 'working_hours', "
                "limits = '{\"file\": \"30 working_minutes\"}', filing_rule = '位于公共区域', "
                "closing_rule = '现场无堆放', asks_photo = true WHERE parent_id IS NOT NULL"
            )
        )
    page = centre.worker.get("/matters").text
    for words in ("暴露垃圾", "社区", "综合执法队", "4 工作小时", "立案 30 工作分钟", "位于公共区域",
                  "现场无堆放", "1 大项"):  # fmt: skip
        assert words in page, words
    english = centre.worker.get("/matters?lang=en").text
    assert "4 working hours" in english and "filing 30 working minutes" in english
    with transaction(centre.engine) as session:
        session.execute(text(_NEXT_LIST))
    page = centre.worker.get("/matters/compare?lang=en").text
    assert "4 working hours" in page and "1 working days" in page and "new on the list" in page
    assert "2 items differ" in page
    assert "0 items differ" in centre.worker.get("/matters/compare?before=2&after=2").text
    assert centre.worker.get("/matters?version=9").status_code == 404
    assert centre.public.get("/matters").status_code == 401


_NEXT_LIST = """
UPDATE matter_list SET validity = daterange('2020-01-01', '2024-01-01');
INSERT INTO matter_list (township_id, version, validity)
SELECT township_id, '2', daterange('2024-01-01', NULL) FROM matter_list;
INSERT INTO matter (list_id, code, name)
SELECT (SELECT id FROM matter_list WHERE version = '2'), code, name FROM matter WHERE parent_id IS NULL;
INSERT INTO matter (list_id, parent_id, code, name, decider, office, acts, informs, time_limit,
                    limit_unit, limits, filing_rule, closing_rule, asks_photo)
SELECT p.list_id, p.id, m.code, m.name, m.decider, m.office, m.acts, m.informs, 1, 'working_days',
       m.limits, m.filing_rule, m.closing_rule, m.asks_photo
FROM matter m, matter p
WHERE m.parent_id IS NOT NULL AND p.list_id = (SELECT id FROM matter_list WHERE version = '2');
INSERT INTO matter (list_id, parent_id, code, name)
SELECT p.list_id, p.id, '99', '光污染' FROM matter p
WHERE p.parent_id IS NULL AND p.list_id = (SELECT id FROM matter_list WHERE version = '2')
"""
