"""In which language does the program speak to whoever sits at the terminal?"""

from __future__ import annotations

import os
import sys

from gisgrid.core.messages import ENGLISH, Message, languages


def language() -> str:
    """The language of the terminal's locale; English, where it has no catalogue."""
    locale = next(
        (os.environ[v] for v in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(v)), ""
    )
    found = locale[:2].lower()
    return found if found in languages() else ENGLISH


def note(said: Message) -> None:
    """One line to stderr, in the terminal's language."""
    line = said.in_language(language())
    print(f"gisgrid: {' '.join(line.split())}", file=sys.stderr, flush=True)  # noqa: T201
