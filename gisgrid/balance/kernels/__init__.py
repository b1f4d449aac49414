"""Compiled arithmetic on arrays: no objects, no strings, no randomness of their own."""

from __future__ import annotations

from pathlib import Path

from gisgrid.core.kernel_cache import settle

settle(Path(__file__).parent)
