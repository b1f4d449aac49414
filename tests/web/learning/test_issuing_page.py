"""Documents issued in the browser: for whom, by when, versions, drafts with comments; what cannot be, in words."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.people.learning import documents, drafts
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import acting, appointed, refused, web_engine
from tests.support.learning import reading_town
from tests.support.office import CLERKS, TOWN, Keeper

PAGE, DRAFTS = "/office/documents", "/office/drafts"
PDF = b"%PDF-1.4 invented"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, int]]:
    return reading_town


@pytest.fixture
def office(engine: Engine, made: dict[str, int]) -> Keeper:
    return Keeper(engine, made["office"])


def day_of_town(office: Keeper) -> date:
    with transaction(office.engine) as session:
        return today(township(session))


def issue(
    office: Keeper, code: str = "F1", content: bytes = b"1", name: str = "a.txt", **form: Any
) -> Any:
    return office.post(
        PAGE, code=code, file=(io.BytesIO(content), name), **{"title": "工作手册", **form}
    )


def word(macro: bool = False, *, heart: str = "word/document.xml") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(heart, "<w/>")
        if macro:
            archive.writestr("word/vbaProject.bin", "x")
    return packed.getvalue()


def test_a_document_asks_those_of_its_part_and_ground_by_its_day(
    office: Keeper, made: dict[str, int]
):
    due = day_of_town(office) + timedelta(days=3)
    answer = issue(office, roles="worker", communities=CLERKS, due_on=due.isoformat())
    assert answer.status_code == 303
    page = office.get(f"{PAGE}/F1").text
    assert 'data-count="asked"><strong>1<' in page and f"to be read by {due}" in page
    near, far = Keeper(office.engine, made["near"]), Keeper(office.engine, made["far"])
    assert (
        "please read it" in near.get("/documents").text
        and f"to be read by {due}" in near.get("/documents/F1").text
    )
    assert "please read it" not in far.get("/documents").text
    assert f"to be read by {due}" in near.get("/").text, "Today says it, with its day"
    told = office.scalar(
        "SELECT array_agg(d.account_id) FROM outbox_message m JOIN outbox_delivery d ON d.message_id = m.id WHERE m.kind = 'document'"
    )
    assert told == [made["near"]], "only who is asked hears of it"


def test_the_list_says_who_has_read_and_who_is_late(office: Keeper, made: dict[str, int]):
    issue(office, roles="worker")
    near = Keeper(office.engine, made["near"])
    assert near.post("/documents/F1", number="1").status_code == 303
    assert ">1 / 2<" in office.get(PAGE).text
    with transaction(office.engine) as session:
        session.execute(text("ALTER TABLE document_version DISABLE TRIGGER USER"))
        session.execute(text("UPDATE document_version SET due_on = issued_on - 1"))
        session.execute(text("ALTER TABLE document_version ENABLE TRIGGER USER"))
    assert "1 late" in office.get(PAGE).text
    far = Keeper(office.engine, made["far"])
    assert "was to be read by" in far.get("/documents").text
    assert "was to be read by" not in near.get("/documents").text


def test_a_new_version_asks_anew_and_the_old_one_stays_to_be_had(
    office: Keeper, made: dict[str, int]
):
    issue(office, roles="worker")
    near = Keeper(office.engine, made["near"])
    near.post("/documents/F1", number="1")
    assert issue(office, content=b"2", again="1", roles="worker").status_code == 303
    assert "please read it" in near.get("/documents").text
    page = office.get(f"{PAGE}/F1").text
    assert (
        'data-version="2"' in page
        and 'data-version="1"' in page
        and 'data-count="read"><strong>0<' in page
    )
    old = near.get("/document-files/F1?version=1")
    assert (old.data, old.headers["X-Content-Type-Options"]) == (b"1", "nosniff")
    assert old.headers["Content-Disposition"].startswith("attachment")
    assert near.get("/document-files/F1?version=9").status_code == 404
    back = issue(office, content=b"1", again="1")
    assert back.status_code == 409 and "was version 1" in back.text


@pytest.mark.parametrize(
    ("name", "content", "form", "said"),
    [
        ("a.pdf", b"", {}, "a.pdf is empty."),
        ("a.pdf", b"MZ\x90", {}, "a.pdf is not what its name says"),
        ("a.exe", b"MZ", {}, "files of this form are not issued"),
        ("a.docx", word(heart="x.txt"), {}, "a.docx is not what its name says"),
        ("a.docx", word(macro=True), {}, "brings macros"),
        ("a.pdf", PDF, {"due_on": "2020-01-01"}, "It would have to be read by 2020-01-01"),
        ("a.pdf", PDF, {"due_on": "soon"}, "must be a day"),
        ("a.pdf", PDF, {"title": " "}, "give it a title"),
        ("a.pdf", PDF, {"roles": "boss"}, "no part"),
        ("a.pdf", PDF, {"communities": "x"}, "There is no community"),
        ("a.pdf", PDF, {"code": "a/b"}, "without /"),
    ],
)
def test_what_cannot_be_issued_is_refused_in_words(
    office: Keeper, name: str, content: bytes, form: dict[str, str], said: str
):
    answer = issue(office, content=content, name=name, **form)
    assert (answer.status_code, said in answer.text) == (422, True), answer.text[-1500:]
    assert office.scalar("SELECT count(*) FROM document_version") == 0


def test_what_is_very_much_too_large_is_refused_before_it_is_read(office: Keeper):
    size = {"CONTENT_LENGTH": "200000000"}
    answer = office.client.post(PAGE, data={"code": "F1"}, environ_overrides=size)
    assert answer.status_code == 413 and "is larger than 40 MB; nothing was kept" in answer.text


def test_word_and_pdf_are_issued(office: Keeper):
    assert issue(office, code="W", content=word(), name="方案.docx").status_code == 303
    assert issue(office, code="P", content=PDF, name="方案.pdf").status_code == 303
    got = office.get("/document-files/P")
    assert (got.content_type, got.data) == ("application/pdf", PDF)


def test_a_draft_goes_to_communities_and_their_words_are_answered_beside_them(
    office: Keeper, made: dict[str, int]
):
    until = day_of_town(office) + timedelta(days=5)
    sent = office.post(
        DRAFTS, code="F2", title="新方案", file=(io.BytesIO("第一条".encode()), "稿.txt"), answer_by=until.isoformat(),
        communities=CLERKS,
    )  # fmt: skip
    assert sent.status_code == 303
    number = office.scalar("SELECT id FROM document_draft")
    clerk = Keeper(office.engine, made["clerk"])
    assert "新方案" in clerk.get("/drafts").text
    assert 'data-card="drafts"' in clerk.get("/").text
    page = clerk.get(f"/drafts/{number}").text
    assert "第一条" in page and "What your community says to it" in page
    community = office.scalar("SELECT id FROM area WHERE code = :c", c=CLERKS)
    nothing = clerk.post(f"/drafts/{number}", community=str(community), text=" ")
    assert nothing.status_code == 422 and "Write what you have to say." in nothing.text
    elsewhere = office.scalar(
        "SELECT min(id) FROM area WHERE level = 'community' AND code <> :c", c=CLERKS
    )
    strange = clerk.post(f"/drafts/{number}", community=str(elsewhere), text="x")
    assert strange.status_code == 403 and "do not speak for that community" in strange.text
    assert clerk.post(f"/drafts/{number}", community=str(community), text="太急").status_code == 303
    # A leader of a grid is no office of a community.
    assert Keeper(office.engine, made["near"]).get(f"/drafts/{number}").status_code == 404
    early = office.post(f"{DRAFTS}/{number}/issue")
    assert (
        early.status_code == 409
        and "Comments without an answer: 1. Answer them first." in early.text
    )
    comment = office.scalar("SELECT id FROM draft_comment")
    assert "太急" in office.get(f"{DRAFTS}/{number}").text
    assert (
        office.post(
            f"{DRAFTS}/{number}/answer", comment=str(comment), answer="推迟一月"
        ).status_code
        == 303
    )
    assert office.post(f"{DRAFTS}/{number}/answer", comment="99", answer="x").status_code == 404
    assert "推迟一月" in clerk.get(f"/drafts/{number}").text
    assert office.post(f"{DRAFTS}/{number}/issue", roles="worker").status_code == 303
    assert "第一条" in Keeper(office.engine, made["near"]).get("/documents/F2").text
    late = clerk.post(f"/drafts/{number}", community=str(community), text="还有")
    assert late.status_code == 409 and "Comments on this draft are closed" in late.text
    again = office.post(f"{DRAFTS}/{number}/issue")
    assert again.status_code == 409 and "issued already, as version 1" in again.text
    assert "推迟一月" in office.get(f"{DRAFTS}/{number}").text, "the answers are kept"


def test_a_draft_whose_comments_would_end_before_they_begin_is_not_sent(office: Keeper):
    for until, said in (("2020-01-01", "lies before"), ("", "Say until when")):
        answer = office.post(
            DRAFTS, code="F2", title="稿", file=(io.BytesIO(b"1"), "a.txt"), answer_by=until
        )
        assert answer.status_code == 422 and said in answer.text


def test_who_may_not_load_issues_nothing(engine: Engine, made: dict[str, int]):
    clerk = Keeper(engine, made["clerk"])
    assert clerk.get(PAGE).status_code == 403
    assert issue(clerk).status_code == 403
    with acting(web_engine(engine), made["office"]) as session:
        refused(session, "INSERT INTO document (township_id, code, title) VALUES (1, 'x', 'x')")


def test_documents_of_another_town_are_neither_issued_nor_answered(office: Keeper):
    with transaction(office.engine) as session:
        session.execute(
            text(
                "WITH t AS (INSERT INTO area (code, level, name, parent_id) SELECT '999901002', 'township', '虚镇', id "
                "FROM area WHERE level = 'county' RETURNING id) INSERT INTO township (area_id, metric_srid) SELECT id, 4549 FROM t"
            )
        )
        stranger = appointed(session, "township_government", "999901002", name="stranger")
        place = township(session, TOWN)
        documents.issue(
            session,
            place.id,
            "F1",
            file_name="a.txt",
            content=b"1",
            title="手册",
            day=today(place),
            who="t",
        )
        number = drafts.send(session, place.id, "F2", title="密稿", file_name="a.txt", content=b"1", day=today(place),
                             answer_by=today(place), who="t")  # fmt: skip
    other = Keeper(office.engine, stranger)
    for path in (PAGE, f"{DRAFTS}/{number}", f"/drafts/{number}", "/drafts"):
        assert "密稿" not in other.get(f"{path}?township={TOWN}").text
    assert issue(other, content=b"2", again="1", township=TOWN).status_code == 403
    assert other.get(f"{DRAFTS}/{number}/file?township={TOWN}").status_code == 404
    assert office.scalar("SELECT count(*) FROM document_version") == 1
