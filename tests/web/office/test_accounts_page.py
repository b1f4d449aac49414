"""Accounts in the browser: listed, made, appointed, handed out on paper, switched off; by right alone."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date, timedelta

import openpyxl
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from gisgrid.people.tokens import add_token
from tests.support.log_in import code_of, log_in, submit
from tests.support.office import CLERKS, COUNTY, PASSWORD, TOWN, Keeper, able, staffed_town
from tests.support.web import app_over

GRID = "999901001001001"
ACCOUNTS = "/office/accounts"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, int]]:
    return staffed_town


@pytest.fixture
def office(engine: Engine, made: dict[str, int]) -> Keeper:
    return Keeper(engine, made["office"])


def names(page: str) -> list[str]:
    return re.findall(r'data-account="([^"]+)"', page)


def new(office: Keeper, name: str = "worker.wu", **form: str) -> str:
    wanted = {
        "name": name,
        "shown": "测试员",
        "role": "grid_worker",
        "area": TOWN,
        "grid": GRID,
        **form,
    }
    answer = office.post(f"{ACCOUNTS}/new", **wanted)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def secret_in(page: str) -> str:
    found = re.search(r"data-password>([^<]+)<", page)
    assert found is not None
    return found[1]


def test_the_list_shows_those_with_a_post_on_ones_ground_and_is_searched(office: Keeper):
    assert names(office.get(ACCOUNTS).text) == ["clerk", "government", "office"]
    for query, found in (
        ("q=CLER", ["clerk"]), ("q=测试off", ["office"]), ("role=community_clerk", ["clerk"]),
        ("state=off", []), ("state=on", ["clerk", "government", "office"]),
        ("bare=1&role=community_clerk", ["clerk"]), ("state=unready", ["government"]), ("q=%25", []),
    ):  # fmt: skip
        assert names(office.get(f"{ACCOUNTS}?{query}").text) == found, query
    area = office.scalar("SELECT id FROM area WHERE code = :c", c=CLERKS)
    assert names(office.get(f"{ACCOUNTS}?area={area}").text) == ["clerk"]


def test_the_list_comes_in_portions(engine: Engine, made: dict[str, int]):
    with transaction(engine) as session:
        for n in range(70):
            session.execute(
                text(
                    "WITH k AS (INSERT INTO account (name, display_name) VALUES (:n, '虚拟') RETURNING id) "
                    "INSERT INTO appointment (account_id, role, area_id, during) SELECT k.id, 'dispatcher', a.id, "
                    "'[2020-01-01,)' FROM k, area a WHERE a.level = 'township'"
                ),
                {"n": f"d{n:02}"},
            )
    office = Keeper(engine, made["office"])
    first, second = (office.get(f"{ACCOUNTS}?page={n}&state=on").text for n in (1, 2))
    assert 'data-total="73"' in first and len(names(first)) == 50
    assert len(names(second)) == 23 and "Page 2 of 2" in second
    assert set(names(first)).isdisjoint(names(second))
    down = office.get(f"{ACCOUNTS}?sort=-name&state=on").text
    assert (
        names(down)[:3] == ["office", "government", "d69"]
        and "sort=-name&amp;state=on&amp;page=2" in down
    )
    found = office.get(f"{ACCOUNTS}?sort=-name&q=d0").text
    assert names(found) == [f"d{n:02}" for n in range(9, -1, -1)], (
        "the order stays where words are asked"
    )


def test_an_account_is_made_with_a_slip_that_is_shown_once_and_lets_in_once(
    office: Keeper, engine: Engine, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(0)
    slip = new(office)
    secret = secret_in(slip)
    assert "grid worker" in slip and "Shown this once" in slip
    assert "svg+xml;base64" not in slip, "a worker needs no second factor"
    number = office.scalar("SELECT id FROM account WHERE name = 'worker.wu'")
    for path in (ACCOUNTS, f"{ACCOUNTS}/{number}"):
        assert secret not in office.get(path).text
    stored = office.scalar("SELECT to_jsonb(k)::text FROM account k WHERE name = 'worker.wu'")
    assert secret not in stored and secret not in caplog.text
    person = app_over(engine).test_client()
    person.set_cookie("language", "en")
    assert log_in(person, "worker.wu", secret).status_code == 302
    for path in ("/", "/me", "/register", "/map"):
        led = person.get(path, headers={"Accept": "text/html"})
        assert led.location == "/account/change", path
    assert person.post("/town").status_code in (400, 403)
    assert "choose your own now" in person.get("/account/change").text
    own = "green-94-boats-row"
    changed = submit(
        person, "/account/change", password=secret, new_password=own, new_password_confirm=own
    )
    assert changed.status_code == 302
    assert person.get("/", headers={"Accept": "text/html"}).status_code == 200
    assert office.scalar("SELECT password_once FROM account WHERE name = 'worker.wu'") is False


def test_an_office_gets_an_authenticator_whose_code_lets_in(office: Keeper, engine: Engine):
    slip = new(office, "planner.pan", role="planner", area=TOWN, grid="")
    secret, code = secret_in(slip), code_of(slip.rpartition('class="slip-code"')[2])
    person = app_over(engine).test_client()
    asked = log_in(person, "planner.pan", secret)
    assert asked.location == "/account/tf-validate" or "tf" in asked.location
    submit(person, asked.location, code=code.generate().token)
    assert person.get("/", headers={"Accept": "text/html"}).location == "/account/change"
    assert "image/svg+xml;base64" in slip
    page = office.get(f"{ACCOUNTS}?q=planner.pan").text
    assert "second factor" in page and "svg+xml;base64" not in page


def test_posts_are_given_and_end_and_what_overlaps_is_refused_in_words(
    office: Keeper, made: dict[str, int]
):
    one = f"{ACCOUNTS}/{made['clerk']}"
    again = office.post(
        f"{one}/posts", role="community_clerk", area=f"{TOWN}/{CLERKS}", until="2040-01-01"
    )
    assert again.status_code == 409
    assert "This account holds the role there from 2020-01-01 on" in again.text
    assert 'value="2040-01-01"' in again.text, "what was typed is still there"
    given = office.post(f"{one}/posts", role="dispatcher", area=TOWN, since="2026-01-01")
    assert given.status_code == 303
    page = office.get(one).text
    assert "The post is given." in page and "dispatcher" in page
    post = re.search(r'data-post="(\d+)">\s*<td[^>]*>dispatcher', page)
    assert post is not None
    tomorrow = str(date.today() + timedelta(days=9))  # noqa: DTZ011
    assert office.post(f"{one}/posts/{post[1]}/end", on=tomorrow).status_code == 303
    assert tomorrow in office.get(one).text
    backwards = office.post(
        f"{one}/posts", role="planner", area=TOWN, since="2026-02-01", until="2026-01-01"
    )
    assert backwards.status_code == 422 and "there is no day" in backwards.text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"role": "planner", "area": COUNTY}, "You do not administer 999901"),
        ({"role": "administrator", "area": "*"}, "You do not administer everything"),
        ({"role": "grid_worker", "area": TOWN}, "is held at the level of grid"),
        ({"role": "grid_worker", "area": TOWN, "grid": "77"}, "has a grid"),
        ({"role": "planner", "area": ""}, "Choose the area where the post is held."),
        ({"role": "", "area": TOWN}, "Choose a role."),
        ({"role": "grid_worker", "area": "", "grid": "77"}, "You administer no grid 77"),
    ],
)
def test_a_post_that_cannot_be_given_is_refused_in_words(
    office: Keeper, made: dict[str, int], form: dict[str, str], said: str
):
    refused = office.post(f"{ACCOUNTS}/{made['clerk']}/posts", **form)
    assert refused.status_code in (403, 404, 422) and said in refused.text


def test_a_grids_post_needs_no_area_and_its_grid_is_chosen_by_name(
    office: Keeper, made: dict[str, int], engine: Engine
):
    with transaction(engine) as session:
        code, name = session.execute(text("SELECT code, name FROM grid ORDER BY code")).first() or (
            "",
            "",
        )
    one = f"{ACCOUNTS}/{made['clerk']}"
    assert f'<option value="{code}">{name}</option>' in office.get(one).text
    assert office.post(f"{one}/posts", role="grid_worker", area="", grid=code).status_code == 303
    assert code in office.get(one).text


def test_whoever_stands_above_is_not_managed(engine: Engine, made: dict[str, int]):
    """A reviewer of the county who also has a post in the town is seen there; nothing is theirs to change."""
    with transaction(engine) as session:
        able(session, "both", "county_reviewer", COUNTY)
        number = session.scalar(text("SELECT id FROM account WHERE name = 'both'"))
        session.execute(
            text(
                "INSERT INTO appointment (account_id, role, area_id, during) SELECT :n, 'dispatcher', id, "
                "'[2020-01-01,)' FROM area WHERE level = 'township'"
            ),
            {"n": number},
        )
        post = session.scalar(
            text("SELECT id FROM appointment WHERE account_id = :n AND role = 'dispatcher'"),
            {"n": number},
        )
    office = Keeper(engine, made["office"])
    one = f"{ACCOUNTS}/{number}"
    page = office.get(one).text
    assert "on ground that you do not administer" in page
    assert "Switch" not in page and "New password" not in page
    for path, form in (
        ("switch", {"to": "off"}), ("slip", {"give": "password"}), ("slip", {"give": "authenticator"}),
        ("factor", {}), ("tokens", {"token": "x", "days": "3", "scope": "see_houses"}),
        (f"posts/{post}/end", {}), ("posts", {"role": "planner", "area": TOWN}),
    ):  # fmt: skip
        refused = office.post(f"{one}/{path}", **form)
        assert refused.status_code == 403, path
    assert office.get(f"{ACCOUNTS}/{made['county']}").status_code == 404
    kept = office.scalar(
        "SELECT active AND password_hash IS NOT NULL FROM account WHERE name = 'both'"
    )
    assert kept is True
    above = Keeper(engine, made["county"])
    assert above.post(f"{one}/switch", to="off").status_code == 303


def test_the_last_administrator_cannot_switch_themselves_off(engine: Engine, made: dict[str, int]):
    with transaction(engine) as session:
        session.execute(
            text("UPDATE account SET active = false WHERE name IN ('county', 'office')")
        )
    root = Keeper(engine, made["root"])
    one = f"{ACCOUNTS}/{made['root']}"
    refused = root.post(f"{one}/switch", to="off")
    assert refused.status_code == 409
    assert "Then nobody would administer here any more" in refused.text
    post = root.scalar("SELECT id FROM appointment WHERE account_id = :n", n=made["root"])
    for on in ("", "2040-01-01"):
        assert root.post(f"{one}/posts/{post}/end", on=on).status_code == 409, on
    assert root.scalar("SELECT active FROM account WHERE name = 'root'") is True


def test_ones_own_secrets_are_not_given_anew_here(office: Keeper, made: dict[str, int]):
    for path, form in (("slip", {"give": "password"}), ("factor", {})):
        refused = office.post(f"{ACCOUNTS}/{made['office']}/{path}", **form)
        assert refused.status_code == 422 and "My place and account" in refused.text


def test_a_new_password_ends_the_old_one_and_its_sessions(
    office: Keeper, engine: Engine, made: dict[str, int]
):
    person = app_over(engine).test_client()
    log_in(person, "clerk", PASSWORD)
    assert person.get("/me").status_code == 200
    slip = office.post(f"{ACCOUNTS}/{made['clerk']}/slip", give="password")
    assert person.get("/me").status_code == 401
    assert log_in(app_over(engine).test_client(), "clerk", PASSWORD).status_code == 200, "refused"
    assert log_in(app_over(engine).test_client(), "clerk", secret_in(slip.text)).status_code == 302


def test_tokens_are_made_listed_and_revoked(engine: Engine, office: Keeper, made: dict[str, int]):
    one = f"{ACCOUNTS}/{made['clerk']}"
    shown = office.post(
        f"{one}/tokens", token="台账程序", days="30", scope=["see_houses", "see_counts"]
    )
    secret = re.search(r"data-token-secret>(ggt_[^<]+)<", shown.text)
    assert secret is not None
    page = office.get(one).text
    assert (
        'data-token="台账程序"' in page
        and "see_counts see_houses" in page
        and secret[1] not in page
    )
    assert (
        office.post(f"{one}/tokens", token="台账程序", days="30", scope="see_houses").status_code
        == 409
    )
    assert (
        office.post(f"{one}/tokens", token="x", days="999", scope="see_houses").status_code == 422
    )
    assert office.post(f"{one}/tokens", token="x", days="3").status_code == 422
    assert office.post(f"{one}/tokens/revoke", token="台账程序").status_code == 303
    assert "revoked" in office.get(one).text
    program = app_over(engine).test_client()
    bearer = {"Authorization": f"Bearer {secret[1]}"}
    assert program.get("/api/v1/summary", headers=bearer).status_code == 401, "it opens nothing now"


def test_no_token_keeps_accounts_and_nobody_gives_one_to_themselves(
    engine: Engine, office: Keeper, made: dict[str, int]
):
    with transaction(engine) as session:
        me = made["office"]
        name = session.scalar(text("SELECT name FROM account WHERE id = :id"), {"id": me})
        _, secret = add_token(session, str(name), "程序", ["administer"], days=9)
        before = session.scalar(text("SELECT count(*) FROM access_token"))
    program = app_over(engine).test_client()
    bearer = {"Authorization": f"Bearer {secret}"}
    one = f"{ACCOUNTS}/{made['clerk']}"
    for path, form in (
        (f"{one}/tokens", {"token": "x", "days": "9", "scope": "unmask"}),
        (f"{one}/slip", {"give": "password"}),
        (f"{one}/switch", {"to": "off"}),
    ):
        assert program.post(path, data=form, headers=bearer).status_code == 403, path
    assert program.get(ACCOUNTS, headers=bearer).status_code == 403
    own = office.post(f"{ACCOUNTS}/{me}/tokens", token="x", days="9", scope="see_houses")
    assert own.status_code == 422 and "given by somebody else" in own.text
    with transaction(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM access_token")) == before


def test_each_write_says_in_the_audit_who_and_what(office: Keeper, made: dict[str, int]):
    new(office)
    number = office.scalar("SELECT id FROM account WHERE name = 'worker.wu'")
    one = f"{ACCOUNTS}/{number}"
    office.post(f"{one}/slip", give=["password", "authenticator"])
    office.post(f"{one}/factor")
    office.post(f"{one}/tokens", token="t", days="3", scope="see_houses")
    office.post(f"{one}/tokens/revoke", token="t")
    office.post(f"{one}/switch", to="off")
    office.post(f"{one}/switch", to="on")
    post = office.scalar("SELECT id FROM appointment WHERE account_id = :n", n=number)
    office.post(f"{one}/posts/{post}/end")
    done = office.scalar(
        "SELECT string_agg(action, ' · ' ORDER BY id) FROM audit_entry WHERE account_name = 'office'"
    )
    assert done == (
        "add · appoint · password · password · second factor · second factor off · token · revoke · disable · "
        "enable · end"
    )


def test_the_workbook_needs_the_right_to_export_and_holds_no_secret(office: Keeper, engine: Engine):
    export = "role_right WHERE (role, right_name) = ('administrator', 'export')"
    with transaction(engine) as session:
        session.execute(text(f"DELETE FROM {export}"))
    assert office.get(f"{ACCOUNTS}?as=xlsx").status_code == 403
    assert "Download (XLSX)" not in office.get(ACCOUNTS).text
    new(office, "planner.pan", role="planner", grid="")
    with transaction(engine) as session:
        session.execute(text("INSERT INTO role_right VALUES ('administrator', 'export')"))
    assert "Download (XLSX)" in office.get(ACCOUNTS).text
    book = office.get(f"{ACCOUNTS}?role=planner&as=xlsx")
    rows = list(openpyxl.load_workbook(io.BytesIO(book.data)).active.values)
    assert len(rows) == 2 and rows[1][0] == "planner.pan" and rows[1][6] == "planner"
    with transaction(engine) as session:
        secrets = session.execute(
            text(
                "SELECT password_hash, tf_totp_secret, fs_uniquifier FROM account WHERE name = 'planner.pan'"
            )
        ).one()
    assert all(secret and secret not in str(rows) for secret in secrets)


LIST = f"""人员编码,姓名,角色,网格
W1,测试一,专职网格员,{GRID}
W2,测试二,网格长,{GRID}
W3,测试三,巫师,{GRID}
clerk,测试clerk,调度员,
"""


def test_a_list_is_tried_and_then_made_with_all_slips_in_one_print(office: Keeper):
    before = office.scalar("SELECT count(*) FROM account")
    tried = office.post(f"{ACCOUNTS}/several", list=LIST)
    counts = dict(re.findall(r'data-count="(\w+)"[^>]*><strong>(\d+)', tried.text))
    assert counts == {"made": "2", "post": "1", "nothing": "0", "refused": "1"}
    assert "There is no role" in tried.text and "巫师" in tried.text
    chinese = office.post(f"{ACCOUNTS}/several?lang=zh", list=LIST)
    assert "没有角色“巫师”" in chinese.text
    assert office.scalar("SELECT count(*) FROM account") == before, "a dry run makes nothing"
    slips = office.post(f"{ACCOUNTS}/several/make?lang=en", list=LIST)
    assert re.findall(r'data-slip="(\w+)"', slips.text) == ["w1", "w2"]
    assert re.search("Row 3, [Ww]3: There is no role", slips.text)
    assert office.scalar("SELECT count(*) FROM account") == before + 2
    again = office.post(f"{ACCOUNTS}/several", list=LIST)
    counts = dict(re.findall(r'data-count="(\w+)"[^>]*><strong>(\d+)', again.text))
    assert counts == {"made": "0", "post": "0", "nothing": "3", "refused": "1"}


def test_a_list_comes_as_a_workbook_too(office: Keeper):
    book = openpyxl.Workbook()
    for row in (("登录名", "姓名", "角色", "区域"), ("li.shi", "测试李", "planner", TOWN)):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    tried = office.post(f"{ACCOUNTS}/several", file=(io.BytesIO(out.getvalue()), "名单.xlsx"))
    assert 'data-count="made"><strong>1<' in tried.text and "li.shi" in tried.text
    for rows, said in (
        ("", "The list is empty"), ("a,b\n1,2", "needs a heading"),
        ("code,name\n" + "\n".join(f"k{n},测{n}" for n in range(301)), "at most 300 at once"),
    ):  # fmt: skip
        refused = office.post(f"{ACCOUNTS}/several", list=rows)
        assert refused.status_code == 422 and said in refused.text
