"""How tables come out of a command."""

from __future__ import annotations

import shutil

from rich.console import Console


def wide_console() -> Console:
    """A console as wide as the terminal; 160 columns where the output goes to a file."""
    console = Console()
    return (
        console
        if console.is_terminal
        else Console(width=max(160, shutil.get_terminal_size().columns))
    )
