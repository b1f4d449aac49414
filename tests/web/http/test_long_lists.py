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
            session.scalar(text(f'SELECT {end}(address COLLATE "C") FROM ({rows}) r'))
            for end in ("min", "max")
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
                'min(m.name COLLATE "C")',
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
