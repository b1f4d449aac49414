"""The key of sessions, and which passwords are good enough."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from argon2 import Type
from argon2.exceptions import VerifyMismatchError

from gisgrid.core.errors import Invalid
from gisgrid.core.settings import Settings
from gisgrid.people.keys import FILE, secret_key
from gisgrid.people.passwords import check_password, hasher, password_hash, random_password


def test_the_embedded_store_gets_a_key_once_that_only_its_owner_reads(tmp_path: Path):
    first = secret_key(Settings(home=tmp_path))
    assert len(first) >= 64
    assert secret_key(Settings(home=tmp_path)) == first
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_server_of_its_own_needs_a_key_that_was_given(tmp_path: Path):
    with pytest.raises(Invalid, match="GISGRID_SECRET_KEY"):
        secret_key(Settings(home=tmp_path, database_url="postgresql://x"))
    with pytest.raises(Invalid, match="needs 32"):
        secret_key(Settings(secret_key="short"))
    assert secret_key(Settings(database_url="postgresql://x", secret_key="k" * 32)) == "k" * 32


def test_settings_do_not_show_the_key():
    assert "kkk" not in repr(Settings(secret_key="k" * 32))


@pytest.mark.parametrize(
    ("name", "value"),
    [("GISGRID_HTTPS", "yes"), ("GISGRID_TWO_FACTOR", "none"), ("GISGRID_PROXIES", "one")],
)
def test_a_setting_that_is_none_of_its_choices_is_refused(name: str, value: str):
    with pytest.raises(Invalid, match=name):
        Settings.from_env({name: value})


def test_a_hash_costs_what_the_standard_asks_of_little_memory():
    costs = (hasher.type, hasher.time_cost, hasher.memory_cost, hasher.parallelism)
    assert costs == (Type.ID, 3, 64 * 1024, 4), "RFC 9106, 4"
    assert password_hash("Ab社区-7391-xyz").startswith("$argon2id$")


def test_a_password_is_verified_however_it_was_typed():
    stored = password_hash("Ａｂ社区-7391-xyz")
    assert hasher.verify(stored, "Ab社区-7391-xyz")
    with pytest.raises(VerifyMismatchError):
        hasher.verify(stored, "Ab社区-7391-xyZ")


@pytest.mark.parametrize(
    "password",
    ["", "short1!", "aaaaaaaaaaaa", "12345678901234", "abcdefghijklm", "worker1worker1", "x" * 300],
)
def test_what_is_guessed_first_is_refused(password: str):
    with pytest.raises(Invalid):
        check_password(password, "worker1")


def test_random_passwords_are_good_and_differ():
    made = {random_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        check_password(password, "worker1")
