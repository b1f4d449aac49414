"""Documents fail the build when they lag behind the code."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import click

from gisgrid.cli.main import main
from gisgrid.core.settings import Settings
from tests.support.terminal import children

ROOT = Path(__file__).parents[2]


def test_every_setting_stands_in_the_readme_with_its_meaning():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for f in fields(Settings):
        row = next(
            line for line in readme.splitlines() if line.startswith(f"| `{f.metadata['env']}`")
        )
        assert f.metadata["help"] in row
        if isinstance(f.default, str | int) and f.default != "":
            shown = int(f.default) if isinstance(f.default, bool) else f.default
            assert f"`{shown}`" in row


def test_every_command_and_option_says_what_it_does():
    def walk(command: click.Command, path: str) -> None:
        assert command.help, path
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{path} {option.opts}"
        for name, child in children(command) if isinstance(command, click.Group) else ():
            walk(child, f"{path} {name}")

    walked = [walk(command, name) for name, command in children(main)]
    assert len(walked) > 30


def test_no_lock_file_holds_a_download_address():
    for lock in [*ROOT.glob("requirements*.lock"), ROOT / "package-lock.json"]:
        text = lock.read_text(encoding="utf-8")
        assert '"resolved"' not in text
        assert "index-url" not in text
        assert "--hash=sha256:" in text or '"integrity"' in text


def test_no_file_is_long():
    for room in ("gisgrid", "layers", "web", "scripts", "tests"):
        for path in (ROOT / room).rglob("*.py"):
            if path.parent.name == "versions":
                continue  # written by Alembic, once
            lines = len(path.read_text(encoding="utf-8").splitlines())
            assert lines <= 450, f"{path.relative_to(ROOT)} has {lines} lines"


def test_every_decision_stands_in_the_index_under_its_day():
    index = (ROOT / "DESIGN.md").read_text(encoding="utf-8")
    decisions = sorted((ROOT / "docs" / "decisions").iterdir())
    assert decisions
    for path in decisions:
        assert f"| {path.name[:10]} | [" in index
        assert f"](docs/decisions/{path.name})" in index
    assert index.count("](docs/decisions/") == len(decisions)
