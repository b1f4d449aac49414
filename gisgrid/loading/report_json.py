"""What a load did or would do, as JSON that a page keeps: counts, reasons, the first rows of each."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from gisgrid.core.messages import kept
from gisgrid.files.findings import Findings
from gisgrid.loading.load import LoadReport
from gisgrid.loading.undo import Undone
from gisgrid.planning.attach.attach import Counts

FIRST_NAMES = 20
"""Codes that are told of what ends."""
FIRST_ROWS = 8
"""Row numbers that are told of a reason; the workbook has them all."""


def report_as_json(report: LoadReport) -> dict[str, Any]:
    """The numbers of a load; no cell of the file is in it, and of what ends the codes alone."""
    return {
        "read": report.read,
        "inserted": report.inserted,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "ended": len(report.ended.names),
        "ending": list(report.ended.names[:FIRST_NAMES]),
        "posts": report.ended.posts,
        "refused": len(report.rejected.rows()),
        "noted": len(report.noted.rows()),
        "reasons": findings_as_json(report.rejected),
        "notes": findings_as_json(report.noted),
        "emptied": [asdict(each) for each in report.emptied],
        "decided": report.decided,
        "crs": report.crs,
        "verdict": report.verdict and {
            "said": kept(report.verdict.said), "doubtful": report.verdict.doubtful,
            "best": report.verdict.best,
        },
        "unused": list(report.unused),
        "ignored": list(report.ignored),
        "houses": _counts(report.houses),
        "events": _counts(report.events),
        "townships": list(report.townships),
    }  # fmt: skip


def findings_as_json(findings: Findings) -> list[dict[str, Any]]:
    """Reason and canonical column with the number of rows and the first of them, most rows first."""
    rows: dict[tuple[str, str], list[Any]] = {}
    for found in findings.found:
        rows.setdefault((found.code, found.column), []).append(found.rows)
    told = []
    for (code, column), parts in rows.items():
        every = np.unique(np.concatenate(parts))
        told.append(
            {
                "code": code, "column": column,
                "rows": len(every), "first": every[:FIRST_ROWS].tolist(),
            }
        )  # fmt: skip
    return sorted(told, key=lambda each: (-each["rows"], each["code"], each["column"]))


def undone_as_json(undone: Undone) -> dict[str, Any]:
    """What taking a load back did or would do, by table."""
    return {"removed": undone.removed, "restored": undone.restored}


def _counts(counts: Counts | None) -> dict[str, Any] | None:
    return None if counts is None else asdict(counts)
