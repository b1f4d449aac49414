"""Who sits at the terminal?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Terminal:
    """Who sits at it, from the options before the command."""

    account: str | None = None
    """``--as``; None: the operator, who owns the store."""
    purpose: str | None = None
    """``--purpose``"""
