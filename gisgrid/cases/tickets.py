"""The code by which whoever reported follows a case: said on the telephone as easily as read on paper."""

from __future__ import annotations

import secrets

ALPHABET = "2345679ACDEFGHJKMNPRTVWXY"
"""Of what is taken for each other one at most: 2 and no Z, 5 and no S, V and no U; neither of 0 O Q, 1 I L, 8 B."""
LETTERS = 12
"""25¹² of them: nobody guesses one."""
_GROUP = 4
_FORMER = 10
"""Letters of a code of before 2026-11-30, told in two groups of five."""
_LOOK_ALIKE = str.maketrans("ZSU", "25V")


def new_ticket() -> str:
    """A code that nobody guesses."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LETTERS))


def in_groups(ticket: str) -> str:
    """A code as it is told and written down.

    >>> in_groups("ACDE2345GHJK"), in_groups("ABCDEFGHJK")
    ('ACDE-2345-GHJK', 'ABCDE-FGHJK')
    """
    size = _FORMER // 2 if len(ticket) == _FORMER else _GROUP
    return "-".join(ticket[i : i + size] for i in range(0, len(ticket), size))


def meant(words: str) -> tuple[str, ...]:
    """What somebody may mean who typed a code: as it stands, and with look-alikes as the letters that codes have.

    >>> meant(" acde z3s5 ghjk")
    ('ACDEZ3S5GHJK', 'ACDE2355GHJK')
    """
    code = "".join(words.upper().split()).replace("-", "").replace("－", "")
    return tuple(dict.fromkeys((code, code.translate(_LOOK_ALIKE))))
