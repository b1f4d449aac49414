"""A third language is one file: every word of a page, of an error and of a job comes out of its catalogue.

The language is invented: each sentence stands between brackets, so that what is said past the catalogue is seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from shutil import copytree

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from flask.testing import FlaskClient
from sqlalchemy import text

from gisgrid.core import messages, settings
from gisgrid.core.errors import NotFound
from gisgrid.core.roles import ROLES
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.jobs import names
from tests.support.accounts import appointed
from tests.support.database import own_database
from tests.support.walks import seat, walk
from tests.support.web import app_over, fill_town, session_cookie
from web.http import language

INVENTED = "eo"
SPOKEN = ("title", "placeholder", "aria-label", "alt", "data-head", "data-nothing", "data-failed")
WALKED = ("public", "administrator", "dispatcher", "grid_worker", "planner", "auditor")


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    """The catalogues with one file more; what the program found at its start is looked for again."""
    folder = tmp_path_factory.mktemp("translations")
    copytree(messages.CATALOGUES, folder, dirs_exist_ok=True)
    with messages.catalogue_file("zh").open("rb") as file:
        chinese = read_po(file, locale="zh")
    made = Catalog(locale=INVENTED)
    for each in chinese:
        if each.id:
            made.add(each.id, f"⟦{each.id}⟧", flags=each.flags)
    mine = folder / INVENTED / "LC_MESSAGES" / "messages.po"
    mine.parent.mkdir(parents=True)
    with mine.open("wb") as out:
        write_po(out, made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(messages, "CATALOGUES", folder)
        forget()
        for each, name in language.found().items():
            patch.setitem(language.LANGUAGES, each, name)
        yield chinese
    forget()


def forget() -> None:
    messages.languages.cache_clear()
    messages.catalogue.cache_clear()


@pytest.fixture(scope="module")
def town(cluster: Cluster, template: str, catalogues: Catalog) -> Iterator[dict[str, FlaskClient]]:
    with own_database(cluster, template, "third") as engine:
        with transaction(engine) as session:
            fill_town(session, columns=3, rows=3, houses=12, events=6)
            accounts = {
                role: appointed(session, role, name=f"t.{role}", **seat(ROLES[role].levels[0], "999901001001001"))
                for role in WALKED[1:]
            }  # fmt: skip
            session.execute(
                text(
                    "INSERT INTO job (plan_id, kind, options, who, state, failed, ended_at) "
                    "SELECT id, 'check', '{}', '测试', 'failed', :why, now() FROM plan LIMIT 1"
                ),
                {"why": messages.packed(messages.message(names.BROKE_OFF))},
            )
        app = app_over(engine)
        clients = {"public": app.test_client()}
        for role, account in accounts.items():
            clients[role] = client = app.test_client()
            name, _, value = session_cookie(app, engine, account).partition("=")
            client.set_cookie(name, value)
        for client in clients.values():
            client.set_cookie("language", INVENTED)
        yield clients
        app.extensions["gisgrid.snapshots"].close()


class Words(HTMLParser):
    """What of a page is read by a person."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style")
        self.said += [value for name, value in attrs if name in SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data)


def unbracketed(page: str) -> set[str]:
    """What stands outside of all brackets, each piece for itself."""
    words = Words()
    words.feed(page)
    bare = set()
    for each in words.said:
        rest = each
        while (less := re.sub(r"⟦[^⟦⟧]*⟧", "\n", rest)) != rest:
            rest = less
        bare |= {piece.strip(" ·:,→←()“”") for piece in rest.split("\n")}
    return bare - {""}


@pytest.mark.parametrize("role", WALKED)
def test_each_word_of_the_pages_of_a_role_is_of_the_third_language(
    town: dict[str, FlaskClient], catalogues: Catalog, role: str
):
    client = town[role]
    # What is the same in all languages, such as the name of a datum, shows nothing.
    spoken = [(str(each.id), str(each.string)) for each in catalogues if each.id != each.string]
    english = {en for en, _ in spoken if en}
    chinese = {zh for _, zh in spoken if len(zh) > 2}
    past: dict[str, set[str]] = {}

    def look(path: str, page: str) -> None:
        assert f'lang="{INVENTED}"' in page and "⟦" in page, path
        if found := unbracketed(page) & (english | chinese):
            past[path] = found

    _, opened = walk(client.application, client, look=look)
    assert past == {}
    assert len(opened) > 5


def test_errors_refusals_and_jobs_are_said_in_it(town: dict[str, FlaskClient]):
    error = NotFound("There is no community {community!r}.", community="甲")
    assert error.in_language(INVENTED) == "⟦There is no community '甲'.⟧"
    refused = town["dispatcher"].get("/office/audit", headers={"Accept": "text/html"})
    assert refused.status_code == 403 and "⟦This needs the right “⟦the audit⟧”" in refused.text
    asked = town["dispatcher"].get("/api/v1/locate?address=天上人间街999号").json
    assert asked["detail"].startswith("⟦") and asked["title"] == "⟦Not found⟧"
    jobs = town["planner"].get("/office/jobs", headers={"Accept": "text/html"})
    if jobs.status_code == 200:
        assert "⟦The computation broke off.⟧" in jobs.text
    listed = town["administrator"].get("/office/jobs?state=failed").text
    assert "⟦The computation broke off.⟧" in listed


def test_the_settings_and_the_terminal_take_it(
    catalogues: Catalog, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GISGRID_LANGUAGE", INVENTED)
    assert settings.Settings.from_env().language == INVENTED
    monkeypatch.setenv("GISGRID_LANGUAGE", "xx")
    with pytest.raises(Exception, match="it can be eo, zh, en"):
        settings.Settings.from_env()
