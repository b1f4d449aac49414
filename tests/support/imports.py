"""The import desk in tests: somebody at a browser without one, and the worker in this process."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.messages import unpacked
from gisgrid.db.store import transaction
from gisgrid.jobs import imports
from gisgrid.loading import file_imports
from gisgrid.loading.file_imports import FileImportInfo
from tests.support.accounts import appointed
from tests.support.web import app_over, fill_town
from web.loading.forms import kept, left_aside


@dataclass
class Desk:
    """An account at the desk; what it asks is done at once unless it says otherwise."""

    engine: Engine
    client: FlaskClient
    account: int

    def send(self, content: bytes | str | Path, name: str = "", after: int | None = None) -> int:
        """The number of the import of a file that was sent and looked at."""
        if isinstance(content, Path):
            name, content = name or content.name, content.read_bytes()
        data = content.encode() if isinstance(content, str) else content
        form: dict[str, Any] = {"file": (io.BytesIO(data), name or "houses.csv")}
        if after is not None:
            form["after"] = str(after)
        answer = self.client.post("/office/import", data=form)
        assert answer.status_code == 303, answer.text
        number = int(answer.location.rsplit("/", 1)[1])
        self.work()
        return number

    def check(
        self, number: int, kind: str | None = None, *, work: bool = True, **fields: Any
    ) -> Any:
        """Press the button of the dry run, with the form as it is proposed but for ``fields``."""
        found = self.found(number)
        looked = found.looked or {}
        kind = kind or found.kind or looked["kinds"][0]["kind"]
        code = self.scalar("SELECT min(code) FROM area WHERE level = 'township'")
        shown = kept(found, kind, code or "")
        form: dict[str, Any] = {
            "kind": kind, "into": shown.township, "crs": shown.crs,
            **{f"column-{k}": shown.meaning[h] for k, h in enumerate(looked["columns"])},
            **shown.choices, **dict.fromkeys(shown.ticks, "1"), "blank": list(shown.blank), **fields,
        }  # fmt: skip
        answer = self.client.post(f"/office/import/{number}/check", data=form)
        if work:
            self.work()
        return answer

    def press(self, number: int, what: str, *, work: bool = True) -> Any:
        """Press another button: ``commit``, ``foresee``, ``undo``, ``cancel``, ``away``."""
        aside = left_aside(self.found(number)) if what == "commit" else []
        answer = self.client.post(
            f"/office/import/{number}/{what}", data={"aside": str(len(aside))} if aside else {}
        )
        if work:
            self.work()
        return answer

    def load(self, path: Path, kind: str | None = None, **fields: Any) -> FileImportInfo:
        """A file sent, checked and imported."""
        number = self.send(path)
        assert self.check(number, kind, **fields).status_code == 303
        assert self.found(number).failed is None, self.found(number).failed
        self.press(number, "commit")
        return self.found(number)

    def load_text(self, content: str, *, name: str = "houses.csv", **fields: Any) -> int:
        """The number of the import of such a file, which went in."""
        number = self.send(content, name)
        self.check(number, **fields)
        assert self.found(number).failed is None, self.found(number).failed
        self.press(number, "commit")
        assert self.found(number).stage == "imported", self.found(number).failed
        return number

    def work(self) -> None:
        imports.do_asked(self.engine)

    def found(self, number: int) -> FileImportInfo:
        with transaction(self.engine) as session:
            return file_imports.file_import(session, number)

    def why(self, number: int) -> str:
        """Why it failed, in English; empty where it did not."""
        failed = self.found(number).failed
        return unpacked(failed).in_language("en") if failed else ""

    def page(self, number: int, lang: str = "en", query: str = "") -> str:
        answer = self.client.get(f"/office/import/{number}?lang={lang}{query}")
        assert answer.status_code == 200
        return answer.text

    def refused(self, number: int) -> Any:
        return self.client.get(f"/office/import/{number}/refused.xlsx")

    def scalar(self, query: str, **values: Any) -> Any:
        with transaction(self.engine) as session:
            return session.scalar(text(query), values)


def at_desk(engine: Engine, account: int) -> Desk:
    """The account at its browser."""
    client = app_over(engine, account=account).test_client()
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get("/me").text)
    assert found
    client.environ_base["HTTP_X_CSRFTOKEN"] = found[1]
    return Desk(engine, client, account)


def desk_town(session: Session) -> int:
    """Nine grids with 30 houses; the account of the office that loads."""
    fill_town(session, columns=3, rows=3, houses=30, events=9)
    return appointed(session, "administrator", name="office")


HOUSES = """房屋编码,地址,经度,纬度
N1,虚构路901号,120.9021,40.7011
N2,虚构路902号,120.9022,40.7012
N3,虚构路903号,一百二,40.7013
"""
"""Three houses, one of which is refused."""
