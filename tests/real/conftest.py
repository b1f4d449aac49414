"""The real files, and a store for each city that goes when its module is done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.support.database import rolled_back


@pytest.fixture(scope="session")
def data() -> Path:
    return Path(os.environ["GISGRID_REAL_DATA"])


@pytest.fixture(scope="module")
def empty(_shared_engine: Engine) -> Iterator[Session]:
    """A session on an empty store, rolled back after the module."""
    with rolled_back(_shared_engine) as session:
        yield session
