"""What does a log say of its case? The log replayed, to hold the case against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from gisgrid.cases.cases import NOBODY, CaseNow, LogEntry, Owner
from gisgrid.cases.flow import START, Flow


@dataclass(frozen=True)
class ReplayedCase:
    """What a log alone says of its case."""

    flow_id: int
    state: str = START
    open: bool = True
    seq: int = 0
    back_state: str | None = None
    opened_at: datetime | None = None
    changed_at: datetime | None = None
    closed_at: datetime | None = None
    owner: Owner = NOBODY
    merged_into_id: int | None = None
    rating: int | None = None


def replay(log: Iterable[LogEntry], flows: Mapping[int, Flow], first_flow: int) -> ReplayedCase:
    """What a log's lines lead to, followed one by one.

    By the flows' own rules, not by what the lines say of their states; a line that its flow does not allow
    raises ValueError.
    """
    now = ReplayedCase(first_flow)
    for line in log:
        rule = flows[now.flow_id].steps.get(line.step)
        if rule is None or now.state not in rule.sources or line.seq != now.seq + 1:
            raise ValueError(f"{line.step} from {now.state!r} as {line.seq}")
        flow = flows[line.flow_id if rule.to == "like" and line.flow_id else now.flow_id]
        state = _target(now, rule.to, flow, flows)
        there = flow.states[state]
        back = rule.means in ("return", "separate") and there.phase in ("report", "file")
        back = back or (rule.means == "recategorise" and line.data.get("owner") == "nobody")
        owner = (NOBODY if back else now.owner) if line.owner.nobody else line.owner
        now = replace(
            now,
            flow_id=flow.id,
            state=state,
            open=there.open,
            seq=line.seq,
            back_state=(now.back_state or now.state) if there.phase == "hold" else None,
            opened_at=now.opened_at or line.at,
            changed_at=line.at,
            closed_at=None if there.open else line.at if now.open else now.closed_at,
            owner=replace(owner, level=line.owner.level or now.owner.level),
            merged_into_id=None
            if rule.means in ("reopen", "separate")
            else line.into_id or now.merged_into_id,
            rating=line.rating or now.rating,
        )
    return now


def same(case: CaseNow, said: ReplayedCase) -> bool:
    """Whether a case is what its log says."""
    return all(getattr(case, name) == value for name, value in vars(said).items())


def _target(now: ReplayedCase, to: str, flow: Flow, flows: Mapping[int, Flow]) -> str:
    if to == "same":
        return now.state
    if to == "back":
        assert now.back_state is not None
        return now.back_state
    if to != "like":
        return to
    phases = ("report", "file", "assign", "handle", "check")
    here = phases.index(flows[now.flow_id].states[now.back_state or now.state].phase)
    away = {s.name: phases.index(s.phase) - here for s in flow.states.values() if s.phase in phases}
    return min(away, key=lambda name: (away[name] < 0, abs(away[name])))
