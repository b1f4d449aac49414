"""What can go wrong, as facts for a person and for a program; HTTP and exit codes live elsewhere.

An error carries one English sentence with named places and the facts that fill them; its other languages stand
in the catalogue (`gisgrid.core.messages`). Whoever catches it picks the language: ``web/http/errors.py`` makes
problem documents, ``gisgrid.cli`` prints one line.
"""

from __future__ import annotations

from gisgrid.core.messages import ENGLISH, Message, together


class GisgridError(Exception):
    """Base of every error meant for the user.

    Parameters
    ----------
    template
        What is wrong, where, and how to mend it, in English, with the facts by name: ``There is no plan
        {plan!r}.`` Never holds personal data.
    hint
        What to type at the terminal to mend it, in English, with facts by name; a page has its own fields and
        says it in their words. Marked with `gisgrid.core.messages.say`.
    facts
        The values behind the sentence, for programs too (JSON-able).
    """

    def __init__(self, template: str, /, *, hint: str | None = None, **facts: object) -> None:
        self.template = template
        self.hint = hint
        self.facts = facts
        super().__init__(template)

    def __str__(self) -> str:
        return self.at_terminal(ENGLISH)

    @property
    def message(self) -> str:
        """The sentence in English."""
        return self.in_language(ENGLISH)

    @property
    def said(self) -> Message:
        """The sentence, to be kept."""
        return Message(self.template, self.facts)

    def in_language(self, language: str) -> str:
        """The sentence in a language."""
        return self.said.in_language(language)

    def at_terminal(self, language: str) -> str:
        """The sentence with what to type."""
        if self.hint is None:
            return self.in_language(language)
        return together([self.said, Message(self.hint, self.facts)]).in_language(language)


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


class NoPurpose(NotAllowed):
    """Personal data was to be opened, and it was not said what for."""


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
