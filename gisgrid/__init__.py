"""The domain of urban community grid management: everything but pages and maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str
    """Of the installed package."""
else:

    def __getattr__(name: str) -> str:
        # When asked for: what reads the metadata takes longer to import than the help to be printed.
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib.metadata import version  # noqa: PLC0415 - as said above

        return version("gisgrid")
