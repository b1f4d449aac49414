"""What is said of a message: a code, the place's grid and a link, never words that somebody wrote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from gisgrid.core.messages import catalogue, say, sentence

KIND_WORDS: dict[str, str] = {
    "emergency": say("Emergency"),
    "task": say("New task"),
    "returned": say("Returned"),
    "due_soon": say("Due soon"),
    "late": say("Late"),
    "plan_review": say("Plan to review"),
    "plan_returned": say("Plan returned"),
    "document": say("Document to read"),
    "draft": say("Draft that awaits your comments"),
    "rule": say("Rule of the community decided"),
    "import_ready": say("Import ready"),
    "import_failed": say("Import failed"),
    "correction": say("Correction decided"),
    "taken_back": say("Taken back by the clerk"),
    "test": say("Test of a channel"),
    "email_code": say("Code by which you confirm this address"),
}
"""In the order in which the page of settings lists them."""
ASKED_FOR = ("test", "email_code")
"""Kinds that come because somebody asked, and that nobody wishes for."""

CHANNEL_WORDS: dict[str, str] = {
    "badge": say("On my pages"),
    "email": say("By e-mail"),
    "webhook": say("By the gateway"),
}
SUBJECT_WORDS: dict[str, str] = {
    "case": say("{kind}: case {code}"),
    "cases": say("{kind}: {code} cases"),
    "emergency": say("{kind}: {code}"),
    "plan": say("{kind}: plan {code}"),
    "document": say("{kind}: document {code}"),
    "draft": say("{kind}: document {code}"),
    "rule": say("{kind}: matter {code}"),
    "collection": say("{kind}: collection task {code}"),
    "import": say("{kind}: number {code}"),
    "correction": say("{kind}: number {code}"),
    "entry": say("{kind}: number {code}"),
    "test": say("{kind}: {code}"),
    "account": say("{kind}: {code}"),
}
_IN_GRID = say("{what}, grid {grid}")


@dataclass(frozen=True)
class ToldMessage:
    """A message as it is told to one person."""

    id: int
    kind: str
    urgent: bool
    subject: str
    subject_id: int
    code: str
    township: str | None
    """Code of the township; None: of no one."""
    grid: str | None
    """Name of the grid in the plan in force, else its code."""
    at: datetime

    def kind_words(self, language: str) -> str:
        return catalogue(language).gettext(KIND_WORDS[self.kind])

    def sentence(self, language: str) -> str:
        """One line: what kind, which thing, in which grid.

        >>> from datetime import UTC
        >>> one = ToldMessage(1, "task", False, "case", 7, "E-7", None, "网格一", datetime(2026, 1, 1, tzinfo=UTC))
        >>> one.sentence("en")
        'New task: case E-7, grid 网格一'
        """
        facts = {"kind": self.kind_words(language), "code": self.code}
        what = sentence(SUBJECT_WORDS[self.subject], facts, language)
        return (
            sentence(_IN_GRID, {"what": what, "grid": self.grid}, language) if self.grid else what
        )

    @property
    def path(self) -> str:
        """The page of the thing, without a host; of what has none, the start."""
        path = {
            "case": f"/cases/{self.subject_id}",
            "cases": "/dispatch?state=file" if self.kind == "returned" else "/cases/mine",
            "plan": f"/plan/{self.subject_id}",
            "document": f"/documents/{quote(self.code, safe='')}",
            "draft": f"/drafts/{self.subject_id}",
            "rule": "/matters/supplements",
            "collection": f"/collecting/{self.subject_id}",
            "import": f"/office/import/{self.subject_id}",
            "correction": f"/corrections/{self.subject_id}",
            "entry": f"/register/entries/{self.subject_id}",
            "test": "/messages",
            "account": "/messages/settings",
        }.get(self.subject, "/")
        named = self.subject in ("document", "draft", "rule", "emergency") and self.township
        return f"{path}?{urlencode({'township': self.township})}" if named else path
