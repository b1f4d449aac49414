"""What does more balance cost? Plans for a row of tolerances."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gisgrid.balance.result import Result

TOLERANCES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)


def pareto(solve: Callable[[float], Result], tolerances: Sequence[float]) -> tuple[Result, ...]:
    """Plans by falling tolerance of which none is both as balanced and as cheap as another.

    Parameters
    ----------
    solve
        Gives the plan for a tolerance; what it costs is for the caller to say (its residents, to see
        residents moved against balance).
    """
    found = [solve(tolerance) for tolerance in sorted(set(tolerances), reverse=True)]
    front: list[Result] = []
    for result in sorted(found, key=lambda r: (r.max_deviation, r.moved_cost)):
        if not front or result.moved_cost < front[-1].moved_cost:
            front.append(result)
    return tuple(front[::-1])
