"""The key that signs sessions: given by a setting, or made once for the embedded store."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from gisgrid.core.errors import Invalid
from gisgrid.core.settings import Settings

SHORTEST = 32
"""Characters; a shorter key could be guessed."""
FILE = "secret_key"


def secret_key(settings: Settings) -> str:
    """``GISGRID_SECRET_KEY``; for the embedded store, without one, that in its folder.

    The file is made at the first use, readable by its owner alone, and never changes.

    Raises
    ------
    Invalid
        A key shorter than ``SHORTEST``, or none where the store is a server of its own.
    """
    if settings.secret_key:
        if len(settings.secret_key) < SHORTEST:
            raise Invalid(
                "GISGRID_SECRET_KEY has {count} characters; it needs {shortest}.",
                count=len(settings.secret_key),
                shortest=SHORTEST,
            )
        return settings.secret_key
    if settings.database_url or settings.web_database_url:
        raise Invalid(
            "Set GISGRID_SECRET_KEY: with DATABASE_URL there is no key that only this server knows. One is made by: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return _kept(settings.home / FILE)


def derived_key(key: str, purpose: str) -> str:
    """A key of its own for one purpose; it tells nothing of the key it was made from."""
    return hmac.new(key.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def _kept(path: Path) -> str:
    if not path.exists():
        side = path.with_name(f"{path.name}.{os.getpid()}")
        handle = os.open(side, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
        # Linked, not renamed: of two processes at once the first one's key stays.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(side)
        side.unlink()
    return path.read_text().strip()
