"""What can go wrong, as facts for a person and for a program; HTTP and exit codes live elsewhere.

An error carries one English sentence, the same in Chinese, and named facts. Whoever catches it
picks the language: ``web/http/errors.py`` makes problem documents, ``cli.py`` prints one line.
"""

from __future__ import annotations


class GisgridError(Exception):
    """Base of every error meant for the user.

    Parameters
    ----------
    message
        What is wrong, where, and how to mend it, in English. Never holds personal data.
    zh
        The same in Chinese; English stands in where it is missing.
    hint
        What to type at the terminal to mend it, in English and in Chinese; a page has its own fields and
        says it in their words.
    facts
        The values behind the sentence, for programs (JSON-able).
    """

    def __init__(
        self,
        message: str,
        *,
        zh: str | None = None,
        hint: tuple[str, str] | None = None,
        **facts: object,
    ) -> None:
        super().__init__(f"{message} {hint[0]}" if hint else message)
        self.message = message
        self.zh = zh or message
        self.hint = hint
        self.facts = facts

    def at_terminal(self, *, chinese: bool) -> str:
        """The sentence with what to type."""
        if self.hint is None:
            return self.zh if chinese else self.message
        return f"{self.zh}{self.hint[1]}" if chinese else f"{self.message} {self.hint[0]}"


class Invalid(GisgridError):
    """The input cannot be used as it is."""


class NotFound(GisgridError):
    """No such thing under that name, code or number."""


class Conflict(GisgridError):
    """The input is well formed, but what is stored does not allow it now."""


class NotKnown(GisgridError):
    """It is not known who asks: no log-in, or a token that does not count."""


class NotAllowed(GisgridError):
    """The account has no right to this, or did not say what for."""


class TooMany(GisgridError):
    """More of something at once than one may have."""


class StalePlan(Conflict):
    """A plan was drawn from one that is no longer the published plan."""


class OutsideCoverage(NotFound):
    """The place lies in no grid of the plan."""


class AmbiguousAddress(Invalid):
    """The address fits more than one house; the candidates are in ``facts``."""


class UndeclaredCrs(Invalid):
    """The file says no coordinate system and none was declared."""


class TooBusy(GisgridError):
    """Others are served just now; again in a while it can be done."""


class StoreUnavailable(GisgridError):
    """The database cannot be started, reached, or used (no PostGIS, wrong version)."""
