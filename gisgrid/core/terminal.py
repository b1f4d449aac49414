"""In which language does the program speak to whoever sits at the terminal?"""

from __future__ import annotations

import os
import sys


def speaks_chinese() -> bool:
    """Whether the terminal's locale is Chinese."""
    locale = next(
        (os.environ[v] for v in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(v)), ""
    )
    return locale.lower().startswith("zh")


def note(said: str, zh: str) -> None:
    """One line to stderr, in the terminal's language."""
    line = zh if speaks_chinese() else said
    print(f"gisgrid: {' '.join(line.split())}", file=sys.stderr, flush=True)  # noqa: T201
