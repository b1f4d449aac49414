"""Lists of more than one page are sorted and narrowed by the store: the first row is the first of all."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from gisgrid.core.plans import township
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from tests.support.database import own_database
from tests.support.lists import DAYS, IN_DAYS, fill_lists
from tests.support.web import app_over


@pytest.fixture(scope="module")
def store(cluster: Cluster, town_template: str) -> Iterator[tuple[Engine, FlaskClient]]:
    """Town F with something in every list, and a browser of who may see them all."""
    with own_database(cluster, town_template, "long_lists") as engine:
        with transaction(engine) as session:
            made = fill_lists(session)
        who = app_over(engine, account=made["government"]).test_client()
        who.set_cookie("language", "en")
        yield engine, who


SORTED = {
    "/stale": (
        "address",
        "SELECT h.address FROM house h JOIN household f ON f.house_id = h.id WHERE (f.verified_on < current_date - 90) IS NOT FALSE",
    ),
    "/visits": (
        "address",
        "SELECT h.address FROM house h JOIN household f ON f.house_id = h.id GROUP BY h.id "
        "HAVING (max(f.verified_on) < current_date - 90) IS NOT FALSE",
    ),
    "/office/audit": ("action", "SELECT action AS address FROM audit_entry WHERE account_id IS NOT NULL"),
}  # fmt: skip
"""Path of a long list: a column, and the texts of the column in the store."""


@pytest.mark.parametrize("path", SORTED)
def test_a_long_list_is_sorted_and_narrowed_as_a_whole(
    store: tuple[Engine, FlaskClient], path: str
):
    engine, who = store
    column, rows = SORTED[path]
    if path == "/office/audit":
        with transaction(engine) as session:
            session.execute(
                text(
                    "SELECT audit('act' || lpad(n::text, 3, '0'), 'thing', '{}') FROM "
                    "(SELECT set_config('gisgrid.account', id::text, true) FROM account WHERE name = 'government') a, "
                    "generate_series(1, 600) n"
                )
            )
    with transaction(engine) as session:
        ends = [
            session.scalar(
                text(
                    f"SELECT address FROM ({rows}) r ORDER BY address COLLATE zh_natural {way} LIMIT 1"
                )
            )
            for way in ("ASC", "DESC")
        ]
        total = session.scalar(text(f"SELECT count(*) FROM ({rows}) r"))
    assert total > 500

    def first(query: str) -> str:
        body = who.get(f"{path}?{query}").text.split("<tbody>")[1]
        cells = re.findall(r"<td[^>]*>(.*?)</td>", body.split("</tr>")[0], re.DOTALL)
        return html.unescape(" ".join(re.sub("<[^>]*>", " ", " ".join(cells)).split()))

    assert ends[0] in first(f"sort={column}") and ends[1] in first(f"sort=-{column}")
    page = who.get(f"{path}?sort=-{column}").text
    assert f'aria-sort="descending"><a class="sorts" href="{path}?sort={column}' in page
    assert f"sort=-{column}&amp;page=2" in page, "the order goes with the pages"
    # What is looked for need not stand on the first page.
    found = who.get(f"{path}?q={ends[1]}").text
    rows_found = found.split("<tbody>")[1].split("</tbody>")[0]
    assert 0 < rows_found.count("<tr") == rows_found.count(html.escape(ends[1])) < 100
    assert f'value="{html.escape(ends[1])}"' in found
    refused = who.get(f"{path}?sort=id;drop")
    assert refused.status_code == 422 and "The list is sorted by one of" in refused.text


MADE = {
    "/office/import": (
        "file_name",
        "INSERT INTO file_import (township, file_name, size, sha256, account_id, who, asked_by) "
        "SELECT :code, '样本' || n, 1, repeat('ab', 32), :a, '测试', :a FROM generate_series(1, 250) n",
    ),
    "/office/subjects?state=ended": (
        "noted_by",
        "INSERT INTO subject_request (township_id, resident_id, noted_by, due_on, state, decided_by, decided_at, answered_by, answered_at) "
        "SELECT :t, (SELECT min(id) FROM resident), '样本' || n, current_date, 'answered', '测试', now(), '测试', now() FROM generate_series(1, 550) n",
    ),
    "/office/retention": (
        "who",
        "INSERT INTO retention_run (township_id, as_of, who, report) SELECT :t, current_date, '样本' || n, "
        """'{"lines": [], "left": 0, "history_deleted": 0, "positions": {"positions": 0}}' FROM generate_series(1, 250) n""",
    ),
    "/figures/burden/rows?kind=refused&since=2023-07-01&until=2023-07-31": (
        "asked_by",
        "INSERT INTO refused_demand (township_id, at, asked_by, matter, why) "
        "SELECT :t, '2023-07-05 12:00+8', '样本' || n, '9999', '不在清单上' FROM generate_series(1, 550) n",
    ),
    "/register/changes": (
        "who",
        "INSERT INTO register_entry (township_id, house_id, kind, account_id, who, state, said) "
        "SELECT :t, (SELECT min(house_id) FROM household), 'resident_in', :a, '样本' || n, 'waiting', "
        """'{"name": "试某某"}' FROM generate_series(1, 250) n""",
    ),
}  # fmt: skip
"""Path of a list of work: a column, and rows of it, more than a page has, whose column counts up."""


@pytest.mark.parametrize("path", MADE)
def test_a_list_of_work_is_sorted_and_narrowed_as_a_whole(
    store: tuple[Engine, FlaskClient], path: str
):
    engine, who = store
    column, rows = MADE[path]
    with transaction(engine) as session:
        place = township(session)
        account = session.scalar(text("SELECT id FROM account WHERE name = 'clerk'"))
        values = {"t": place.id, "code": place.code, "a": account}
        asked = {name: value for name, value in values.items() if f":{name}" in rows}
        session.execute(text(rows), asked)
    join = "&" if "?" in path else "?"

    def shown(query: str) -> list[str]:
        answer = who.get(f"{path}{join}{query}")
        assert answer.status_code == 200
        return re.findall("样本[0-9]+", answer.text.split("<tbody>")[1].split("</tbody>")[0])

    if column != "noted_by":
        up = [f"样本{n}" for n in range(1, 12)]
        found = shown(f"sort={column}&q=样本" if path != "/office/retention" else f"sort={column}")
        places = [found.index(each) for each in up]
        assert places == sorted(places), "9 stands before 10"
        last = 250 if path in ("/office/import", "/office/retention", "/register/changes") else 550
        assert shown(f"sort=-{column}&q=样本")[0] == f"样本{last}"
        assert f"sort={column}" in who.get(f"{path}{join}sort=-{column}").text, (
            "the other way round"
        )
    if path != "/office/retention":
        # Looked for in the whole store, not on the page at hand.
        assert shown("q=样本249") == ["样本249"]
        assert 'name="q" type="search" value="样本249"' in who.get(f"{path}{join}q=样本249").text
    assert who.get(f"{path}{join}sort=id;drop").status_code == 422


def test_the_cases_behind_a_number_are_sorted_and_narrowed_as_a_whole(
    store: tuple[Engine, FlaskClient],
):
    engine, who = store
    path = f"/figures/rows?{DAYS}"
    of_all = f"SELECT {{}} FROM event_case c JOIN event e ON e.id = c.event_id JOIN matter m ON m.id = e.matter_id WHERE {IN_DAYS}"
    with transaction(engine) as session:
        newest, matter = (
            session.scalar(text(of_all.format(what)))
            for what in (
                "max(e.reported_at AT TIME ZONE 'Asia/Shanghai')",
                "(array_agg(m.name ORDER BY m.name COLLATE zh_natural))[1]",
            )
        )
        named = session.scalar(
            text(of_all.format("count(*)") + " AND strpos(m.name, :m) > 0"), {"m": matter}
        )
    page = who.get(f"{path}&sort=-reported_at&lang=zh").text
    first = page.split('<ul class="mine"')[1].split("</li>")[0]
    assert f"{newest:%Y-%m-%d %H:%M}" in first and "<strong>" in first
    assert (
        '<option value="-reported_at" selected>' in page
        and 'name="until" value="2023-08-31"' in page
    )
    assert (
        f"<strong>{matter}</strong>"
        in who.get(f"{path}&sort=matter&lang=zh").text.split("</li>")[0]
    )
    found = who.get(f"{path}&q={matter}&lang=zh").text
    assert f'<span class="stage">{named}</span>' in found and 0 < named < 500
    assert (
        openpyxl.load_workbook(
            io.BytesIO(who.get(f"{path}&q={matter}&as=xlsx").data)
        ).active.max_row
        == named + 1
    ), "what leaves is what was found"
