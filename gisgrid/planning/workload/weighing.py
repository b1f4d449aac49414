"""The versions of a township's workload weights, and which of them a plan was made with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.balance.weights import Weights
from gisgrid.core.errors import Conflict, NotFound
from gisgrid.core.plans import PlanInfo
from gisgrid.people.privacy.audit import note


def weights_of(session: Session, township_id: int, version: str | None = None) -> Weights:
    """A version of a township's weights; without one the newest, or the defaults if there is none.

    Raises
    ------
    NotFound
        No such version.
    """
    row = session.execute(
        text(
            "SELECT version, weights FROM workload_weights WHERE township_id = :t "
            "AND (CAST(:v AS text) IS NULL OR version = :v) ORDER BY id DESC LIMIT 1"
        ),
        {"t": township_id, "v": version},
    ).one_or_none()
    if row is not None:
        return Weights.of(row.version, row.weights)
    if version not in (None, Weights().version):
        raise NotFound("There is no version {version!r} of the weights.", version=version)
    return Weights()


@dataclass(frozen=True)
class KeptVersion:
    """A version of a township's weights, and since when it is kept."""

    weights: Weights
    created_at: datetime


def versions_of(session: Session, township_id: int) -> list[KeptVersion]:
    """The versions of a township's weights, newest first; empty: the defaults count."""
    rows = session.execute(
        text(
            "SELECT version, weights, created_at FROM workload_weights WHERE township_id = :t ORDER BY id DESC"
        ),
        {"t": township_id},
    )
    return [KeptVersion(Weights.of(row.version, row.weights), row.created_at) for row in rows]


@dataclass(frozen=True)
class Weighing:
    """How the work of a plan is counted."""

    weights: Weights
    by_street: bool = True
    """Walks along the streets; else straight with a detour."""


def plan_weighing(session: Session, plan: PlanInfo, version: str | None = None) -> Weighing:
    """How a plan's work is counted: with a version of the weights, else as the plan was made.

    A plan that no machine made is counted with the newest weights, along the streets.

    Raises
    ------
    NotFound
        No such version.
    """
    recipe = session.scalar(text("SELECT recipe FROM plan WHERE id = :p"), {"p": plan.id}) or {}
    by_street = bool(recipe.get("by_street", True))
    if version is None and "weights" in recipe:
        return Weighing(Weights.of(recipe["weights_version"], recipe["weights"]), by_street)
    return Weighing(weights_of(session, plan.township_id, version), by_street)


def add_weights(session: Session, township_id: int, weights: Weights) -> None:
    """Keep a new version of a township's weights.

    Raises
    ------
    Conflict
        There is that version already, with other numbers; the same numbers again change nothing.
    """
    known = session.scalar(
        text("SELECT weights FROM workload_weights WHERE township_id = :t AND version = :v"),
        {"t": township_id, "v": weights.version},
    )
    taken = weights.version == Weights().version or (
        known is not None and Weights.of(weights.version, known) != weights
    )
    if taken:
        raise Conflict(
            "There is a version {version!r} of the weights; a version never changes: choose another name.",
            version=weights.version,
        )
    if known is None:
        made = session.scalar(
            text(
                "INSERT INTO workload_weights (township_id, version, weights) "
                "VALUES (:t, :v, CAST(:w AS jsonb)) RETURNING id"
            ),
            {
                "t": township_id,
                "v": weights.version,
                "w": json.dumps(weights.stored(), ensure_ascii=False),
            },
        )
        note(session, "keep", "workload_weights", made)
