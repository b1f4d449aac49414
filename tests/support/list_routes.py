"""The routes of lists."""

from __future__ import annotations

LISTS = (
    "accounts.index", "backups.index", "audit.index", "editor.index", "cases.mine", "corrections.index", "retention.index", "subjects.index", "desk.grid", "desk.registers", "dispatch.show",
    "duties.lacking", "duties.not_verified", "duties.readers", "duties.to_visit", "duties.training",
    "figures.rows", "figures.show", "imports.index", "issuing.index", "jobs.index", "ledger.show", "matters.book", "matters.burden",
    "channels.show", "means.index", "supplements.index", "township.show", "trainings.one",
    "matters.duties", "matters.rows", "register.changes", "teams.index", "trainings.index", "trainings.profiles",
)  # fmt: skip
"""Pages of lists that leave as a workbook, too."""
