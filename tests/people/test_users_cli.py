"""``gisgrid user``: accounts, passwords, roles and tokens from the terminal; dry without --commit."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cli.users import user
from gisgrid.core.errors import Conflict, GisgridError, Invalid, NotFound
from gisgrid.core.settings import Settings
from gisgrid.db.store import transaction
from gisgrid.people.passwords import hasher
from tests.support.web import fill_town


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], object]:
    return partial(fill_town, columns=3, rows=3, houses=9, events=3)


@pytest.fixture
def store(engine: Engine) -> Engine:
    return engine


def run(engine: Engine, line: str, typed: str | None = None) -> str:
    url = engine.url.render_as_string(hide_password=False)
    result = CliRunner().invoke(
        user, line.split(), obj=Settings(database_url=url), input=typed, catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.output


def hash_of(engine: Engine, name: str) -> str | None:
    with transaction(engine) as session:
        return session.scalar(
            text("SELECT password_hash FROM account WHERE name = :name"), {"name": name}
        )


def secret_in(output: str) -> str:
    return re.search(r"told this once\): (\S+)", output)[1]


def test_an_account_is_added_with_a_password_that_is_told_once(store: Engine):
    dry = run(store, "add worker 测试员")
    assert "dry run" in dry and "told this once" not in dry
    assert hash_of(store, "worker") is None
    secret = secret_in(run(store, "add Worker 测试员 --commit"))
    stored = hash_of(store, "worker")
    assert hasher.verify(stored, secret) and secret not in stored
    assert secret not in run(store, "list")


def test_the_first_administrator_is_made_by_one_command_and_once(store: Engine):
    assert "dry run" in run(store, "first root 测试管理")
    secret = secret_in(run(store, "first root 测试管理 --commit"))
    assert hasher.verify(hash_of(store, "root"), secret)
    assert "administrator" in run(store, "list") and "everywhere" in run(store, "list")
    with transaction(store) as session:
        assert session.scalar(text("SELECT password_once FROM account WHERE name = 'root'")) is True
    with pytest.raises(Conflict, match="Somebody administers everything already"):
        run(store, "first other 测试 --commit")


def test_a_password_is_given_anew_at_random_or_as_typed(store: Engine):
    run(store, "add worker 测试员 --commit")
    before = hash_of(store, "worker")
    run(store, "password worker")
    assert hash_of(store, "worker") == before
    secret = secret_in(run(store, "password worker --commit"))
    assert hasher.verify(hash_of(store, "worker"), secret)
    typed = "seven-green-4-boats"
    run(store, "password worker --ask --commit", f"{typed}\n{typed}\n")
    assert hasher.verify(hash_of(store, "worker"), typed)


def test_roles_are_given_and_end_and_accounts_are_switched(store: Engine):
    run(store, "add worker 测试员 --commit")
    given = run(
        store,
        "role worker grid_worker --area 999901001 --grid 999901001001001 --from 2022-01-01 --commit",
    )
    number = re.search(r"appointment (\d+)", given)[1]
    listed = run(store, "list")
    assert "grid_worker" in listed and "999901001001001" in listed
    run(store, f"end {number} --on 2023-01-01 --commit")
    assert "2023-01-01" in run(store, "list")
    run(store, "disable worker --commit")
    assert " off " in run(store, "list")
    run(store, "enable worker --commit")
    assert " off " not in run(store, "list")


def test_tokens_are_made_and_revoked(store: Engine):
    run(store, "add worker 测试员 --commit")
    secret = secret_in(run(store, "token worker script --scope see_houses --days 3 --commit"))
    assert secret.startswith("ggt_")
    with transaction(store) as session:
        kept = session.execute(text("SELECT * FROM access_token")).mappings().one()
    assert secret not in str(dict(kept)) and kept["scopes"] == ["see_houses"]
    run(store, "revoke worker script --commit")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("add worker 测试员 --commit", Conflict),
        ("password nobody --commit", NotFound),
        ("role worker grid_worker --area 000000 --commit", NotFound),
        ("role worker grid_worker --area 999901001 --commit", Invalid),
        ("role worker community_clerk --area 999901001001 --from 2023-01-01 --until 2022-01-01", Invalid),
        ("token worker script --scope plan --days 4000 --commit", Invalid),
        ("revoke worker script --commit", NotFound),
        ("end 12345 --commit", NotFound),
        ("second-factor nobody --commit", NotFound),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(store: Engine, line: str, error: type[GisgridError]):
    run(store, "add worker 测试员 --commit")
    with pytest.raises(error):
        run(store, line)
