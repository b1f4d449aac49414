"""What is attached, and by which rule of the township."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["house", "event"]


@dataclass(frozen=True)
class Rule:
    """How the places of a plan's township are attached."""

    plan: int
    township: int
    overlay: bool
    near_m: float
    srid: int
