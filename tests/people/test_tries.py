"""Guessing is slow, and keeps nobody else out: not the owner, and not who has logged in before."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from gisgrid.people.appointments import appoint
from gisgrid.people.login import set_password
from gisgrid.people.tries import FREE, LONGEST_S, STORM
from tests.support.log_in import PASSWORD, WRONG, code_of, log_in, submit, token_in, town_of_two
from tests.support.web import Town, app_over
from web.http import devices

GUESS = "wrong-password-1"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return town_of_two


@pytest.fixture
def app(engine: Engine, made: Town, monkeypatch: pytest.MonkeyPatch) -> Flask:
    # Nobody waits here for a refusal; what one address may is another test's.
    monkeypatch.setattr("web.http.limits.SLOWEST_S", 0)
    monkeypatch.setattr("web.http.limits.FAILED_LOGINS", "10000 per minute")
    return app_over(engine)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def storm(app: Flask, name: str) -> None:
    """Strangers of many addresses guess at a name."""
    for n in range(STORM):
        stranger = app.test_client()
        assert log_in(stranger, name, GUESS, f"203.0.113.{n}").status_code == 200


def later(engine: Engine, seconds: int) -> None:
    with transaction(engine) as session:
        session.execute(
            text("UPDATE log_in_try SET last_at = last_at - make_interval(secs => :s)"),
            {"s": seconds},
        )


def second_factor(app: Flask, engine: Engine, name: str) -> Any:
    """Has the account's authenticator set up, on a device that nobody keeps."""
    with transaction(engine) as session:
        appoint(session, name, "planner", area="999901001", since=date(2022, 1, 1))
    client = app.test_client()
    log_in(client, name)
    page = submit(client, "/account/tf-setup", setup="authenticator").text
    totp = code_of(page)
    form = {"csrf_token": token_in(page), "code": totp.generate().token}
    assert client.post("/account/tf-validate", data=form).location == "/"
    return totp


@pytest.mark.parametrize("name", ["worker", "nobody"])
def test_each_further_wrong_try_from_an_address_waits_longer(
    client: FlaskClient, engine: Engine, name: str
):
    for _ in range(FREE):
        assert WRONG in log_in(client, name, GUESS).text
    for wait_s in (30, 60, 120):
        for password in (PASSWORD, GUESS):
            held = log_in(client, name, password)
            assert held.status_code == 429
            assert wait_s - 10 <= int(held.headers["Retry-After"]) <= wait_s
            assert "请等待" in held.text and WRONG not in held.text
        later(engine, wait_s)
        assert WRONG in log_in(client, name, GUESS).text
    with transaction(engine) as session:
        session.execute(text("UPDATE log_in_try SET failed = 1000"))
    assert int(log_in(client, name, GUESS).headers["Retry-After"]) <= LONGEST_S
    later(engine, LONGEST_S)
    assert log_in(client, name).status_code == (302 if name == "worker" else 200)


def test_a_stranger_slows_down_nobody_else(app: Flask):
    stranger, owner = app.test_client(), app.test_client()
    for _ in range(FREE + 3):
        log_in(stranger, "worker", GUESS, "203.0.113.1")
    assert log_in(stranger, "worker", GUESS, "203.0.113.1").status_code == 429
    assert log_in(owner, "worker", address="198.51.100.1").status_code == 302


def test_a_device_that_is_known_goes_on_in_a_storm_and_has_its_own_count(
    app: Flask, engine: Engine
):
    owner = app.test_client()
    assert log_in(owner, "worker").status_code == 302
    submit(owner, "/account/logout", "/me")
    storm(app, "worker")
    assert log_in(owner, "worker").status_code == 302
    submit(owner, "/account/logout", "/me")
    # Whoever has the device has no more tries than anybody.
    for _ in range(FREE):
        assert WRONG in log_in(owner, "worker", GUESS).text
    assert log_in(owner, "worker").status_code == 429
    later(engine, 30)
    assert log_in(owner, "worker").status_code == 302


def test_in_a_storm_a_password_alone_opens_nothing_on_a_device_that_is_not_known(
    app: Flask, engine: Engine
):
    for name in ("worker", "nobody"):
        storm(app, name)
    told = []
    for n, (name, password) in enumerate(
        [("worker", PASSWORD), ("worker", GUESS), ("nobody", PASSWORD), ("nobody", GUESS)]
    ):
        answer = log_in(app.test_client(), name, password, f"198.51.100.{n}")
        told.append(
            (answer.status_code, answer.headers["Retry-After"], "已登录过的设备" in answer.text)
        )
        assert WRONG not in answer.text
    assert told == [(429, "900", True)] * 4, "right or wrong, somebody's or nobody's: told alike"
    later(engine, 901)
    assert log_in(app.test_client(), "worker", address="198.51.100.9").status_code == 302


def test_in_a_storm_the_right_password_and_a_code_open_on_any_device(app: Flask, engine: Engine):
    totp = second_factor(app, engine, "clerk")
    storm(app, "clerk")
    owner, where = app.test_client(), "198.51.100.1"
    assert log_in(owner, "clerk", address=where).location.startswith("/account/tf-validate")
    code = totp.generate(time.time() + 30).token
    assert submit(owner, "/account/tf-validate", address=where, code=code).location == "/"
    assert owner.get("/me").status_code == 200
    stranger = app.test_client()
    assert log_in(stranger, "clerk", GUESS, "198.51.100.2").status_code == 429


def test_a_right_password_does_not_wipe_out_wrong_codes(app: Flask, engine: Engine):
    second_factor(app, engine, "clerk")
    thief = app.test_client()
    for _ in range(FREE):
        assert log_in(thief, "clerk").location.startswith("/account/tf-validate")
        submit(thief, "/account/tf-validate", code="000000")
    log_in(thief, "clerk")
    assert submit(thief, "/account/tf-validate", code="000000").status_code == 429


def test_a_forged_cookie_makes_no_device_known_and_one_name_s_is_not_another_s(app: Flask):
    owner = app.test_client()
    log_in(owner, "worker")
    kept = owner.get_cookie(devices.COOKIE, path="/account")
    assert kept is not None and kept.http_only and kept.same_site == "Strict"
    assert "worker" not in kept.value
    storm(app, "clerk")
    storm(app, "worker")
    for name, cookie in (
        ("clerk", kept.value),
        ("worker", kept.value[:-3] + "abc"),
        ("worker", "x"),
    ):
        client = app.test_client()
        client.set_cookie(devices.COOKIE, cookie, path="/account")
        assert log_in(client, name, address="198.51.100.1").status_code == 429, (name, cookie)


def test_a_new_password_from_the_operator_ends_the_waiting(client: FlaskClient, engine: Engine):
    for _ in range(FREE + 1):
        log_in(client, "worker", GUESS)
    assert log_in(client, "worker").status_code == 429
    with transaction(engine) as session:
        set_password(session, "worker", "seven-green-4-boats")
        assert session.scalar(text("SELECT count(*) FROM log_in_try")) == 0
    assert log_in(client, "worker", "seven-green-4-boats").status_code == 302


def test_the_password_until_now_cannot_be_guessed_either(client: FlaskClient):
    log_in(client, "worker")
    new = {"new_password": "seven-green-4-boats", "new_password_confirm": "seven-green-4-boats"}
    for _ in range(FREE):
        assert "原密码不正确" in submit(client, "/account/change", password=GUESS, **new).text
    assert submit(client, "/account/change", password=PASSWORD, **new).status_code == 429


def test_a_second_factor_is_changed_or_taken_off_only_with_password_and_code(
    app: Flask, engine: Engine
):
    totp = second_factor(app, engine, "clerk")
    client = app.test_client()
    log_in(client, "clerk")
    code = totp.generate(time.time() + 30).token
    assert submit(client, "/account/tf-validate", code=code).location == "/"
    with transaction(engine) as session:
        session.execute(text("UPDATE account SET tf_last_counter = NULL"))
        before = session.scalar(text("SELECT tf_totp_secret FROM account WHERE name = 'clerk'"))
    page = client.get("/account/tf-setup").text
    assert 'name="password"' in page and 'name="code"' in page
    for form in (
        {},
        {"password": PASSWORD},
        {"code": code},
        {"password": GUESS, "code": code},
        {"password": PASSWORD, "code": "000000"},
    ):
        answer = submit(client, "/account/tf-setup", setup="authenticator", **form)
        assert "data:image/svg+xml" not in answer.text, form
    answer = submit(
        client, "/account/tf-setup", setup="authenticator", password=PASSWORD, code=code
    )
    assert "data:image/svg+xml" in answer.text
    with transaction(engine) as session:
        assert before == session.scalar(
            text("SELECT tf_totp_secret FROM account WHERE name = 'clerk'")
        ), "until the new one has shown a code"


def test_where_it_is_a_choice_it_is_set_up_with_the_password_and_taken_off_with_both(
    engine: Engine, made: Town, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("web.http.limits.SLOWEST_S", 0)
    client = app_over(engine, two_factor="offered").test_client()
    log_in(client, "worker")
    assert "data:image" not in submit(client, "/account/tf-setup", setup="authenticator").text
    page = submit(client, "/account/tf-setup", setup="authenticator", password=PASSWORD).text
    action = page.split('action="/account/tf-setup/')[1].split('"')[0]
    totp = code_of(page)
    form = {"csrf_token": token_in(page), "code": totp.generate().token}
    assert client.post(f"/account/tf-setup/{action}", data=form).location == "/me"
    later_code = totp.generate(time.time() + 30).token
    for refused in ({}, {"password": PASSWORD}, {"code": later_code}):
        submit(client, "/account/tf-setup", setup="disable", **refused)
        with transaction(engine) as session:
            assert session.scalar(
                text("SELECT tf_primary_method FROM account WHERE name = 'worker'")
            ), refused
    done = submit(client, "/account/tf-setup", setup="disable", password=PASSWORD, code=later_code)
    assert done.location == "/me"


PAGES = (
    "login",
    "logout",
    "change",
    "tf-setup",
    "tf-validate",
    "tf-setup/x",
    "tf-rescue",
    "tf-select",
)


def test_no_page_of_the_account_changes_anything_by_being_looked_at(app: Flask, engine: Engine):
    rules = {
        rule.rule.replace("<token>", "x")
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/account/") and "GET" in (rule.methods or ())
    }
    assert {f"/account/{page}" for page in PAGES} >= {r for r in rules if "static" not in r}
    client = app.test_client()
    log_in(client, "worker")

    def stands() -> Any:
        with transaction(engine) as session:
            return session.execute(text("SELECT * FROM account ORDER BY id")).all()

    before = stands()
    for page in PAGES:
        answer = client.get(f"/account/{page}")
        assert answer.status_code < 500, page
        assert client.get("/me").status_code == 200, f"{page} ended the session"
        assert stands() == before, page
    assert client.get("/account/tf-validate").location == "/"


def test_what_account_pages_say_of_keeping_them_is_well_formed(client: FlaskClient):
    log_in(client, "worker")
    other = client.application.test_client()
    for who, path in (
        (client, "/account/change"),
        (client, "/account/tf-setup"),
        (other, "/account/login"),
    ):
        words = {word.strip() for word in who.get(path).headers["Cache-Control"].split(",")}
        assert words == {"private", "no-store"}, path
