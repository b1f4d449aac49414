"""How does a case of this kind run? A flow: a versioned definition in a file, checked and kept as data.

A flow says its states (phase, which clocks run in them), its steps (from where to where, who may, what
is required, what the step means to the figures) and its clocks. The database reads the same rows and
refuses what they do not allow; see ``take_case_step`` in ``gisgrid/db/sql``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.worktime import Limit
from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.db.tables.cases import FLOW_KINDS, MEANINGS, NEEDS, PHASES, STEP_ROLES

START = ""
"""The state of a case before its first step."""
SPECIAL_TO = ("same", "back", "like")


@dataclass(frozen=True)
class State:
    """Where a case may stand."""

    name: str
    phase: str
    run: tuple[str, ...]
    pause: tuple[str, ...]
    zh: str
    en: str

    @property
    def open(self) -> bool:
        return self.phase != "done"


@dataclass(frozen=True)
class Step:
    """One kind of step, from each of its states."""

    name: str
    means: str
    sources: tuple[str, ...]
    to: str
    """A state; ``same``; ``back``: to the state before a suspension; ``like``: to the state of the
    same phase in another flow."""
    who: tuple[str, ...]
    needs: tuple[str, ...]
    not_handler: bool
    zh: str
    en: str


@dataclass(frozen=True)
class ClockRule:
    """A limit of the flow; a matter's own of the same name goes first."""

    name: str
    limit: str | None
    """``matter``: the matter's time limit; None: only where a matter has one of this name."""
    once: bool
    """It does not begin again when a case comes back to a state it runs in."""
    zh: str
    en: str


@dataclass(frozen=True)
class Flow:
    """One version of a flow; ``id`` is 0 until it is kept."""

    kind: str
    version: str
    deadline: str
    """The clock that decides whether a case was closed in time."""
    states: dict[str, State]
    steps: dict[str, Step]
    clocks: dict[str, ClockRule]
    source: str
    """The definition as it was loaded."""
    id: int = 0

    @property
    def beginning(self) -> Step:
        """The step that begins a case."""
        return next(s for s in self.steps.values() if START in s.sources)

    def limit(self, clock: str, limits: Mapping[str, str]) -> Limit | None:
        """A clock's limit, given those of the matter ("matter": its time limit); None: no clock."""
        rule = self.clocks[clock].limit
        if clock in limits:
            return Limit.parse(limits[clock])
        if rule == "matter":
            return Limit.parse(limits["matter"]) if "matter" in limits else None
        return Limit.parse(rule) if rule else None


def parse_flow(source: str, name: str = "flow") -> Flow:
    """The flow that a TOML text defines, checked as a whole.

    Raises
    ------
    Invalid
        Not TOML; a word that is not known; a state nothing leads to, or one no case can leave; a
        closing step that the handler may take.
    """
    try:
        table = tomllib.loads(source)
        flow = _flow(table, source)
        for clock in flow.clocks.values():
            if clock.limit not in (None, "matter"):
                Limit.parse(clock.limit)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as exc:
        if isinstance(exc, KeyError):
            raise Invalid("{name} lacks {what}.", name=name, what=str(exc)) from exc
        raise Invalid("{name} cannot be read: {why}.", name=name, why=str(exc)) from exc
    faults = list(_faults(flow))
    if faults:
        raise Invalid("{name}: {faults}.", name=name, faults=faults)  # fmt: skip
    return flow


@cache
def own_flow(kind: str) -> Flow:
    """The flow of a kind that comes with the program."""
    source = (files("gisgrid.cases") / "flows" / f"{kind}.toml").read_text("utf-8")
    return parse_flow(source, f"{kind}.toml")


def read_flow(path: Path) -> Flow:
    """The flow in a file; see `parse_flow`."""
    try:
        return parse_flow(path.read_text("utf-8"), path.name)
    except UnicodeDecodeError as exc:
        raise Invalid("{path} is not in UTF-8.", path=path.name) from exc


def keep_flow(session: Session, township_id: int, flow: Flow) -> int:
    """Keep a flow as a new version of its kind, which new cases then follow; its id.

    Running cases keep theirs. The same version again, unchanged, adds nothing.

    Raises
    ------
    Conflict
        The version is there with another content.
    """
    known = session.execute(
        text(
            "SELECT id, source FROM flow WHERE township_id = :t AND kind = :kind "
            "AND version = :version"
        ),
        {"t": township_id, "kind": flow.kind, "version": flow.version},
    ).one_or_none()
    if known is not None:
        if known.source != flow.source:
            raise Conflict(
                "Version {version} of the {kind} flow is there already and differs; give the changed flow a "
                "new version.",
                kind=flow.kind,
                version=flow.version,
            )
        return int(known.id)
    flow_id = session.execute(
        text(
            "INSERT INTO flow (township_id, kind, version, deadline, source) "
            "VALUES (:t, :kind, :version, :deadline, :source) RETURNING id"
        ),
        {
            "t": township_id, "kind": flow.kind, "version": flow.version,
            "deadline": flow.deadline, "source": flow.source,
        },
    ).scalar_one()  # fmt: skip
    session.execute(
        text(
            "INSERT INTO flow_state (flow_id, state, position, phase, open) "
            "VALUES (:flow, :state, :position, :phase, :open)"
        ),
        [
            {"flow": flow_id, "state": s.name, "position": n, "phase": s.phase, "open": s.open}
            for n, s in enumerate(flow.states.values())
        ],
    )
    session.execute(
        text(
            "INSERT INTO flow_step (flow_id, step, from_state, to_state, means, who, needs, "
            "not_handler) VALUES (:flow, :step, :source, :to, :means, :who, :needs, :not_handler)"
        ),
        [
            {
                "flow": flow_id, "step": s.name, "source": source, "to": s.to, "means": s.means,
                "who": list(s.who), "needs": list(s.needs), "not_handler": s.not_handler,
            }
            for s in flow.steps.values() for source in s.sources
        ],
    )  # fmt: skip
    return int(flow_id)


def current_flow(session: Session, township_id: int, kind: str) -> Flow:
    """The newest flow of a kind in a township; the program's own is kept where there is none."""
    flow_id = _newest(session, township_id, kind)
    return flow_by_id(session, flow_id or keep_flow(session, township_id, own_flow(kind)))


def flow_read(session: Session, township_id: int, kind: str) -> Flow:
    """As `current_flow`, and keeps nothing: for a transaction that only reads."""
    flow_id = _newest(session, township_id, kind)
    return flow_by_id(session, flow_id) if flow_id else own_flow(kind)


def _newest(session: Session, township_id: int, kind: str) -> int | None:
    found: int | None = session.scalar(
        text("SELECT max(id) FROM flow WHERE township_id = :t AND kind = :kind"),
        {"t": township_id, "kind": kind},
    )
    return found


def keep_own_flows(session: Session, township_id: int | None = None) -> None:
    """Keep the program's own flows in a township, or in all, where there is none of a kind.

    The web's role may read flows and keep none, and a case needs one that is kept.
    """
    townships = (
        session.scalars(text("SELECT area_id FROM township ORDER BY 1")).all()
        if township_id is None
        else [township_id]
    )
    for each in townships:
        for kind in FLOW_KINDS:
            current_flow(session, each, kind)


def flow_by_id(session: Session, flow_id: int) -> Flow:
    """A kept flow; NotFound if there is none."""
    source = session.scalar(text("SELECT source FROM flow WHERE id = :id"), {"id": flow_id})
    if source is None:
        raise NotFound("There is no flow {flow_id}.", flow_id=flow_id)
    return _kept(flow_id, str(source))


def flows_by_id(session: Session, flow_ids: Iterable[int]) -> dict[int, Flow]:
    """Kept flows by their number, each asked for once, however often it is named."""
    return {flow_id: flow_by_id(session, flow_id) for flow_id in set(flow_ids)}


@cache
def _kept(flow_id: int, source: str) -> Flow:
    flow = parse_flow(source)
    return Flow(**{**vars(flow), "id": flow_id})


def _flow(table: dict[str, Any], source: str) -> Flow:
    states = {
        name: State(
            name, s["phase"], tuple(s.get("run", ())), tuple(s.get("pause", ())),
            s["zh"], s["en"],
        )
        for name, s in table["states"].items()
    }  # fmt: skip
    opened = tuple(s.name for s in states.values() if s.open)
    groups = {"start": (START,), "open": opened, "any": tuple(states)}
    steps = {}
    for s in table["steps"]:
        given = s["from"]
        steps[s["name"]] = Step(
            name=s["name"], means=s["means"],
            sources=groups[given] if isinstance(given, str) else tuple(given),
            to=s["to"], who=tuple(s["who"]), needs=tuple(s.get("needs", ())),
            not_handler=bool(s.get("not_handler", False)), zh=s["zh"], en=s["en"],
        )  # fmt: skip
    if len(steps) != len(table["steps"]):
        raise Invalid("Two steps of a flow have one name.")
    clocks = {
        name: ClockRule(name, c.get("limit"), bool(c.get("once", False)), c["zh"], c["en"])
        for name, c in table["clocks"].items()
    }
    return Flow(
        table["kind"], str(table["version"]), table["deadline"], states, steps, clocks, source
    )


def _faults(flow: Flow) -> Iterator[str]:
    """What is wrong with a flow, in words."""
    if flow.kind not in FLOW_KINDS:
        yield f"the kind {flow.kind!r} is none of {', '.join(FLOW_KINDS)}"
    if flow.deadline not in flow.clocks:
        yield f"the deadline {flow.deadline!r} is no clock"
    for state in flow.states.values():
        if state.phase not in PHASES:
            yield f"the phase {state.phase!r} of {state.name} is none of {', '.join(PHASES)}"
        if unknown := {*state.run, *state.pause} - flow.clocks.keys():
            yield f"the state {state.name} names no clock {', '.join(sorted(unknown))}"
    for step in flow.steps.values():
        yield from _step_faults(flow, step)
    yield from _dead_ends(flow)


def _step_faults(flow: Flow, step: Step) -> Iterator[str]:
    for what, given, known in (
        ("states", step.sources, {*flow.states, START}),
        ("states", (step.to,), {*flow.states, *SPECIAL_TO}),
        ("roles", step.who, set(STEP_ROLES)),
        ("requirements", step.needs, set(NEEDS)),
        ("meanings", (step.means,), set(MEANINGS)),
    ):
        if unknown := set(given) - known:
            yield f"the step {step.name} names unknown {what}: {', '.join(sorted(unknown))}"
    if not step.who:
        yield f"nobody may take the step {step.name}"
    if step.means == "close" and not step.not_handler:
        yield f"the step {step.name} closes, so it needs not_handler = true"


def _dead_ends(flow: Flow) -> Iterator[str]:
    """States that no case reaches, or that no case leaves."""
    begins = [s for s in flow.steps.values() if START in s.sources and s.means == "report"]
    if len(begins) != 1:
        yield f"{len(begins)} steps that mean report begin a case; it takes one"
    reached = {step.to for step in flow.steps.values()}
    if lost := [name for name in flow.states if name not in reached]:
        yield f"no step leads to {', '.join(lost)}"
    left = {source for step in flow.steps.values() for source in step.sources if step.to != "same"}
    if stuck := [s.name for s in flow.states.values() if s.open and s.name not in left]:
        yield f"no step leads away from {', '.join(stuck)}"
