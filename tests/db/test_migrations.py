"""Migrations change tables, in one line, and a landed one never changes again."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from alembic.script import ScriptDirectory

from gisgrid.db import migrate

FOLDER = Path(migrate.__file__).parent / "migrations"
BEHAVIOUR = re.compile(
    r"\b(?:CREATE|DROP|ALTER)\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|VIEW|TRIGGER|POLICY)\b"
    r"|\b(?:GRANT|REVOKE)\b.+\b(?:TO|FROM)\b|\bROW\s+LEVEL\s+SECURITY\b",
    re.IGNORECASE,
)


def test_a_landed_migration_stays_as_it_is():
    """A new one gets its line by `sha256sum`, as CONTRIBUTING.md says; none is changed or taken away."""
    lines = (FOLDER / "hashes.txt").read_text().splitlines()
    noted = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    assert len(noted) == len(lines)
    there = {
        str(path.relative_to(FOLDER)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in landed()
    }
    assert there == noted


def test_migrations_stand_in_one_line_and_are_named_by_their_files():
    scripts = list(ScriptDirectory(str(FOLDER)).walk_revisions())
    assert [script.revision for script in scripts] == sorted(
        (path.stem for path in landed() if path.suffix == ".py"), reverse=True
    )
    assert [script.down_revision for script in scripts] == [
        *(script.revision for script in scripts[1:]),
        None,
    ]
    assert scripts[-1].revision == migrate.BASE


def test_a_migration_makes_no_behaviour():
    """Functions, views, triggers, policies and rights have their texts in ``gisgrid/db/sql``."""
    found = {path.name: BEHAVIOUR.findall(path.read_text()) for path in landed()}
    assert {name: words for name, words in found.items() if words} == {}


def landed() -> list[Path]:
    versions = [path for path in (FOLDER / "versions").glob("*.py") if path.stem != "__init__"]
    return [*versions, *(FOLDER / "base").iterdir()]
