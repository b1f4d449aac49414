"""Groups of commands that several modules fill."""

from __future__ import annotations

from gisgrid.cli import (
    cases,
    drawing,
    figures,
    mending,
    open_problems,
    planning,
    reviewing,
    scenarios,
)

plan = planning.plan
for command in reviewing.COMMANDS:
    plan.add_command(command)

scenario = scenarios.scenario_group
for command in (*drawing.COMMANDS, *mending.COMMANDS):
    scenario.add_command(command)

case = cases.case_group
for command in (
    figures.open_command,
    figures.figures_command,
    figures.emergency_group,
    open_problems.problems_command,
    open_problems.review_command,
):
    case.add_command(command)
