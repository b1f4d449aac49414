"""The routes of lists."""

from __future__ import annotations

LISTS = (
    "accounts.index", "backups.index", "audit.index", "editor.index", "cases.mine", "corrections.index", "retention.index", "subjects.index", "register.grid", "register.grids", "dispatch.show",
    "shortage.show", "due.unverified", "documents.readers", "due.to_visit", "trainings.hours",
    "figures.rows", "figures.show", "imports.index", "issuing.index", "jobs.index", "open_problems.show", "matters.book", "figures.burden", "figures.register",
    "channels.show", "collecting.task", "collections.given", "collections.index", "collections.one", "completeness.grid", "completeness.show", "completeness.without", "means.index", "supplements.index", "township.show", "trainings.one",
    "aliases.index", "matters.duties", "figures.burden_rows", "register.changes", "paper.show", "teams.index", "trainings.index", "trainings.profiles",
)  # fmt: skip
"""Pages of lists that leave as a workbook, too."""
