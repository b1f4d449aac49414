"""Passwords: how they are hashed, which are refused, and random ones to hand out."""

from __future__ import annotations

import itertools
import secrets
import unicodedata

from argon2 import PasswordHasher

from gisgrid.core.errors import Invalid

SHORTEST, LONGEST = 10, 200
"""Characters. A longer one would only keep the hash function busy."""
# No letter or digit that is taken for another on paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

hasher = PasswordHasher()
"""argon2id with the library's present costs (RFC 9106, low memory)."""


def password_hash(password: str) -> str:
    """Hash to be stored; equal letters give equal passwords however they were typed."""
    return hasher.hash(normal(password))


def normal(password: str) -> str:
    """One form for letters that Unicode can write in several ways."""
    return unicodedata.normalize("NFKC", password)


def random_password() -> str:
    """Sixteen letters and digits in four groups: 79 bits.

    >>> len(random_password()), random_password() != random_password()
    (19, True)
    """
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def check_password(password: str, name: str) -> None:
    """Refuse what is guessed first.

    Parameters
    ----------
    name
        Log-in name of the account the password is for.

    Raises
    ------
    Invalid
        Too short, too long, few different letters, a run of letters or digits, or made of the name.
    """
    plain = normal(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise Invalid(
            "A password has {shortest} to {longest} characters; this one has {count}.",
            shortest=SHORTEST,
            longest=LONGEST,
            count=len(plain),
        )
    folded = plain.casefold()
    bare = folded.replace(name.casefold(), "") if name else folded
    run = sum(abs(ord(b) - ord(a)) <= 1 for a, b in itertools.pairwise(folded))
    if len(set(folded)) < 5 or len(bare) < SHORTEST - 4 or run > len(folded) * 0.6:
        raise Invalid(
            "This password is easily guessed: use more different letters, no run such as 123456, and not the log-in name."
        )
