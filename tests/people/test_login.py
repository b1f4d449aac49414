"""Log-in, log-out, passwords, the second factor, tokens: what works, and what is refused how."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import date
from unittest.mock import Mock
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from gisgrid.people.accounts import set_active
from gisgrid.people.appointments import appoint, appointments, end_appointment
from gisgrid.people.login import drop_second_factor
from gisgrid.people.tokens import add_token, revoke_token
from gisgrid.people.tries import FREE
from tests.support.log_in import PASSWORD, WRONG, code_of, log_in, submit, token_in, town_of_two
from tests.support.web import Town, app_over
from web.http.identity import COOKIE

HOUSE, EVENT = "/api/v1/plans/1/houses/1", "/api/v1/plans/1/events/1"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return town_of_two


@pytest.fixture
def town(made: Town) -> Town:
    return made


@pytest.fixture
def app(engine: Engine, town: Town, monkeypatch: pytest.MonkeyPatch) -> Flask:
    # Nobody waits here for a refusal.
    monkeypatch.setattr("web.http.limits.SLOWEST_S", 0)
    return app_over(engine)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    # Not "with": a kept context would be that of a second client as well.
    return app.test_client()


def test_who_logs_in_comes_to_their_own_place_and_may_leave_it(client: FlaskClient):
    assert client.get("/me", headers={"Accept": "text/html"}).location == "/account/login?next=/me"
    answer = log_in(client, " Worker ")
    assert (answer.status_code, answer.location) == (302, "/")
    page = client.get("/me")
    assert "测试worker" in page.text
    assert (
        client.post("/account/logout", data={"csrf_token": token_in(page.text)}).status_code == 302
    )
    assert client.get("/me").status_code == 401


def test_a_log_in_leads_back_to_where_it_was_asked_for_but_never_elsewhere(client: FlaskClient):
    page = client.get("/account/login?next=/register/house/1").text
    form = {"csrf_token": token_in(page), "name": "worker", "password": PASSWORD}
    answer = client.post("/account/login?next=/register/house/1", data=form)
    assert answer.location == "/register/house/1"
    submit(client, "/account/logout", "/me")
    form["csrf_token"] = token_in(client.get("/account/login").text)
    for elsewhere in ("https://elsewhere.example/", "//elsewhere.example", "\\\\elsewhere.example"):
        answer = client.post("/account/login", query_string={"next": elsewhere}, data=form)
        assert urlsplit(answer.location or "").netloc == ""


@pytest.mark.parametrize("name", ["worker", "nobody", "", "x" * 5000, "a\0b", "' OR 1=1 --"])
def test_a_wrong_log_in_is_told_alike_whatever_was_wrong(client: FlaskClient, name: str):
    answer = log_in(client, name, "wrong-password-1")
    assert answer.status_code == 200
    if name.strip():
        assert WRONG in answer.text
    assert client.get("/me").status_code == 401


def test_how_long_a_refusal_takes_tells_nothing(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("web.http.limits.SLOWEST_S", 1.5)
    waited = {}
    for name, hashing_s in (("worker", 0.4), ("nobody", 0.1)):
        page = client.get("/account/login").text
        form = {"csrf_token": token_in(page), "name": name, "password": "wrong-password-1"}
        clock = Mock(monotonic=Mock(side_effect=[7.0, 7.0 + hashing_s]), time=time.time)
        with monkeypatch.context() as patched:
            patched.setattr("web.http.limits.time", clock)
            assert WRONG in client.post("/account/login", data=form).text
        waited[name] = clock.sleep.call_args.args[0]
    assert waited == {"worker": pytest.approx(1.1), "nobody": pytest.approx(1.4)}


def test_a_right_password_wipes_out_the_wrong_ones(client: FlaskClient):
    for _ in range(2):
        for _ in range(FREE - 1):
            log_in(client, "worker", "wrong-password-1")
        assert log_in(client, "worker").status_code == 302
        submit(client, "/account/logout", "/me")


def test_a_flood_of_log_ins_from_one_address_is_slowed_down(client: FlaskClient):
    answers = [log_in(client, f"guess{n}", "wrong-password-1") for n in range(21)]
    assert [a.status_code for a in answers] == [200] * 20 + [429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 61
    assert "稍等" in answers[-1].text
    assert log_in(client, "worker").status_code == 429
    assert client.get("/api/v1/townships").status_code == 200, "what is public goes on"
    other = client.application.test_client()
    page = other.get("/account/login", environ_base={"REMOTE_ADDR": "10.0.0.9"}).text
    form = {"csrf_token": token_in(page), "name": "worker", "password": PASSWORD}
    elsewhere = {"REMOTE_ADDR": "10.0.0.9"}
    answer = other.post("/account/login", data=form, environ_base=elsewhere)
    assert answer.status_code == 302


def test_a_form_without_its_token_changes_nothing(client: FlaskClient, app: Flask):
    form = {"name": "worker", "password": PASSWORD}
    assert client.post("/account/login", data=form).status_code == 400
    log_in(client, "worker")
    for path in ("/account/logout", "/account/change", "/account/tf-setup"):
        answer = client.post(path, data={"csrf_token": "forged"})
        assert answer.status_code == 400, path
        assert "重新打开" in answer.text
    assert client.get("/me").status_code == 200
    # The token of one session is none in another.
    stolen = token_in(client.get("/me").text)
    other = app.test_client()
    log_in(other, "clerk")
    assert other.post("/account/logout", data={"csrf_token": stolen}).status_code == 400


def test_a_changed_password_ends_all_other_sessions(client: FlaskClient, app: Flask):
    log_in(client, "worker")
    other = app.test_client()
    log_in(other, "worker")
    new = "seven-green-4-boats"
    wrong = submit(client, "/account/change", password="wrong-password-1", new_password=new, new_password_confirm=new)  # fmt: skip
    assert "原密码不正确。" in wrong.text
    weak = submit(client, "/account/change", password=PASSWORD, new_password="worker1234", new_password_confirm="worker1234")  # fmt: skip
    assert "容易被猜到" in weak.text
    differ = submit(client, "/account/change", password=PASSWORD, new_password=new, new_password_confirm=new + "x")  # fmt: skip
    assert "两次" in differ.text
    done = submit(client, "/account/change", password=PASSWORD, new_password=new, new_password_confirm=new)  # fmt: skip
    assert (done.status_code, done.location) == (302, "/me")
    assert "密码已更改" in client.get("/me").text
    assert other.get("/me").status_code == 401
    submit(client, "/account/logout", "/me")
    assert WRONG in log_in(client, "worker").text
    assert log_in(client, "worker", new).status_code == 302


def test_a_copy_of_the_cookie_does_not_outlive_the_log_out(client: FlaskClient, app: Flask):
    log_in(client, "worker")
    copied = client.get_cookie(COOKIE)
    thief = app.test_client()
    thief.set_cookie(COOKIE, copied.value)
    assert thief.get("/me").status_code == 200
    submit(client, "/account/logout", "/me")
    assert thief.get("/me").status_code == 401
    assert thief.get("/me", headers={"Accept": "text/html"}).location == "/account/login?next=/me"
    # Nor does it live again when the person does.
    log_in(client, "worker")
    assert client.get("/me").status_code == 200
    assert thief.get("/me").status_code == 401


def test_a_session_ends_with_its_account(client: FlaskClient, engine: Engine):
    log_in(client, "worker")
    with transaction(engine) as session:
        set_active(session, "worker", active=False)
    assert client.get("/me").status_code == 401
    assert "已停用" in log_in(client, "worker").text


def test_a_right_ends_with_its_appointment_in_the_midst_of_a_session(
    client: FlaskClient, engine: Engine
):
    log_in(client, "clerk")
    assert client.get(HOUSE).status_code == 200
    with transaction(engine) as session:
        (held,) = appointments(session, "clerk")
        end_appointment(session, held.id, date(2022, 6, 1))
    answer = client.get(HOUSE)
    assert answer.status_code == 403
    assert answer.json["facts"]["right"] == "see_houses"
    assert client.get("/me").status_code == 200


def test_an_office_needs_a_second_factor_and_a_code_is_good_once(
    client: FlaskClient, engine: Engine
):
    with transaction(engine) as session:
        appoint(session, "clerk", "planner", area="999901001", since=date(2022, 1, 1))
    assert log_in(client, "clerk").location.startswith("/account/tf-setup")
    assert client.get("/me").status_code == 401, "not before the code"
    page = submit(client, "/account/tf-setup", setup="authenticator").text
    assert "data:image/svg+xml" in page
    totp = code_of(page)
    csrf = token_in(page)
    wrong = client.post("/account/tf-validate", data={"csrf_token": csrf, "code": "000000"})
    assert "验证码不正确" in wrong.text
    code = totp.generate().token
    done = client.post("/account/tf-validate", data={"csrf_token": csrf, "code": code})
    assert (done.status_code, done.location) == (302, "/")
    submit(client, "/account/logout", "/me")

    assert log_in(client, "clerk").location.startswith("/account/tf-validate")
    again = submit(client, "/account/tf-validate", code=code)
    assert "验证码不正确" in again.text, "used already"
    later = totp.generate(time.time() + 30).token
    assert submit(client, "/account/tf-validate", code=later).location == "/"
    with transaction(engine) as session:
        kept = session.scalar(text("SELECT tf_totp_secret FROM account WHERE name = 'clerk'"))
        assert totp.base32_key not in kept, "encrypted at rest"
        drop_second_factor(session, "clerk")
    assert client.get("/me").status_code == 401
    assert log_in(client, "clerk").location.startswith("/account/tf-setup")


def test_after_wrong_codes_one_has_to_wait_as_after_wrong_passwords(
    client: FlaskClient, engine: Engine
):
    with transaction(engine) as session:
        appoint(session, "clerk", "planner", area="999901001", since=date(2022, 1, 1))
    log_in(client, "clerk")
    totp = code_of(page := submit(client, "/account/tf-setup", setup="authenticator").text)
    code = totp.generate().token
    client.post("/account/tf-validate", data={"csrf_token": token_in(page), "code": code})
    submit(client, "/account/logout", "/me")
    log_in(client, "clerk")
    for _ in range(FREE):
        submit(client, "/account/tf-validate", code="000000")
    right = totp.generate(time.time() + 30).token
    assert submit(client, "/account/tf-validate", code=right).status_code == 429
    assert client.get("/me").status_code == 401


def test_where_it_is_offered_a_second_factor_is_a_choice(engine: Engine, town: Town):
    with transaction(engine) as session:
        appoint(session, "clerk", "planner", area="999901001", since=date(2022, 1, 1))
    client = app_over(engine, two_factor="offered").test_client()
    assert log_in(client, "clerk").location == "/"
    page = submit(client, "/account/tf-setup", setup="authenticator", password=PASSWORD).text
    action = re.search(r'action="(/account/tf-setup/[^"]+)"', page)[1]
    form = {"csrf_token": token_in(page), "code": code_of(page).generate().token}
    assert client.post(action, data=form).location == "/me"
    submit(client, "/account/logout", "/me")
    assert log_in(client, "clerk").location.startswith("/account/tf-validate")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_has_its_scopes_and_no_more(client: FlaskClient, engine: Engine):
    with transaction(engine) as session:
        _, token = add_token(session, "clerk", "script", ["see_houses"], days=30)
        _, other = add_token(session, "clerk", "other", ["plan", "see_events"], days=30)
    assert client.get(HOUSE, headers=bearer(token)).status_code == 200
    refused = client.get(EVENT, headers=bearer(token))
    assert (refused.status_code, refused.json["facts"]["right"]) == (403, "see_events")
    assert client.get(HOUSE, headers=bearer(other)).status_code == 403
    assert client.get(HOUSE).status_code == 401
    assert "Set-Cookie" not in client.get(HOUSE, headers=bearer(token)).headers


def test_a_token_never_manages_its_account(client: FlaskClient, engine: Engine):
    with transaction(engine) as session:
        _, token = add_token(session, "clerk", "script", ["see_houses"], days=30)
    for path in ("/me", "/account/change", "/account/tf-setup", "/account/login"):
        assert client.get(path, headers=bearer(token)).status_code == 403, path
    for path, form in (
        ("/account/tf-setup", {"setup": "authenticator"}),
        ("/account/change", {"password": PASSWORD, "new_password": "seven-green-4-boats"}),
        ("/account/logout", {}),
    ):
        assert client.post(path, data=form, headers=bearer(token)).status_code == 403, path


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("forged", "没有这个令牌"),
        ("malformed", "没有这个令牌"),
        ("expired", "已过期"),
        ("revoked", "已被撤销"),
        ("disabled", "没有这个令牌"),
    ],
)
def test_a_token_that_does_not_count_says_why(
    client: FlaskClient, engine: Engine, state: str, words: str
):
    with transaction(engine) as session:
        _, token = add_token(session, "clerk", "script", ["see_houses"], days=30)
        if state == "forged":
            token = "ggt_" + "A" * 43
        elif state == "malformed":
            token = "x' OR 1=1"
        elif state == "expired":
            session.execute(text("UPDATE access_token SET expires_at = now()"))
        elif state == "revoked":
            revoke_token(session, "clerk", "script")
        else:
            set_active(session, "clerk", active=False)
    answer = client.get(HOUSE, headers=bearer(token))
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    assert words in answer.json["detail"]
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert client.get("/api/v1/townships", headers=bearer(token)).status_code == 200


def test_who_does_not_log_in_costs_the_store_nothing(app: Flask, engine: Engine):
    from sqlalchemy import event

    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    client = app.test_client()
    client.get("/static/icon.svg").close()
    client.get("/api/v1/openapi.json")
    client.get("/account/login")
    assert asked == []
    log_in(client, "worker")
    asked.clear()
    client.get("/static/icon.svg").close()
    assert asked == []


def test_cookies_are_for_the_server_alone(client: FlaskClient, engine: Engine):
    log_in(client, "worker")
    cookie = client.get_cookie("gisgrid")
    assert cookie.http_only and cookie.same_site == "Lax" and not cookie.secure
    safe = app_over(engine, https=True).test_client()
    answer = safe.get("/account/login", base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]


def test_pages_of_a_person_are_kept_nowhere(client: FlaskClient):
    log_in(client, "worker")
    for path in ("/me", "/account/change"):
        assert "no-store" in client.get(path).headers["Cache-Control"], path
