"""Who sends what waits in the outbox: a thread of the worker, which looks every second."""

from __future__ import annotations

import logging
import threading

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from gisgrid.core.settings import Settings
from gisgrid.outbox.sending import Installation, send_due

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often the worker looks for what is due."""


def installation_of(settings: Settings) -> Installation:
    """What each message tells of the installation."""
    return Installation(settings.public_url.rstrip("/"), settings.language)


def watch(engine: Engine, stop: threading.Event) -> None:
    """Send what is due, until stopped."""
    here = installation_of(Settings.from_env())
    while not stop.wait(LOOK_S):
        try:
            send_due(engine, here, stopped=stop.is_set)
        except DBAPIError as exc:
            log.warning("the store does not answer (%s)", type(exc.orig).__name__)
        except Exception as exc:
            # By its kind alone: its words may hold an address.
            log.warning("sending failed (%s)", type(exc).__name__)
