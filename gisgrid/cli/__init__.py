"""The command line, ``gisgrid …``: each command opens one transaction and calls one verb."""

from gisgrid.cli.main import main

__all__ = ["main"]
