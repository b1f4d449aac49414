"""``gisgrid load``: files into the store; a dry run unless ``--commit``."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as Grid

from gisgrid.cli.edge import opened, wide_console
from gisgrid.core.errors import Invalid
from gisgrid.core.settings import Settings
from gisgrid.files.columns import Mapping
from gisgrid.files.findings import REASONS, Findings
from gisgrid.files.headers import NO_HEADER
from gisgrid.files.rejects import Written, write_rejects
from gisgrid.loading.load import LoadReport
from gisgrid.loading.load import Progress as Tell
from gisgrid.loading.load import load as load_file
from gisgrid.loading.modes import MODES, UPDATE, refuse_other_ends
from gisgrid.loading.prepare import Order
from gisgrid.loading.targets import TARGETS


@click.command()
@click.argument("kind", metavar="KIND", type=click.Choice(list(TARGETS)))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--township", help="code of the township; needed if there are several")
@click.option("--crs", help="EPSG code, wgs84, cgcs2000, gcj02 or bd09")
@click.option("--plan", help="grids: the draft plan they go into")
@click.option("--version", help="matters: version of the list")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="matters: first day in force")
@click.option(
    "--column", "columns", multiple=True, metavar="NAME=HEADER", help="which header is a column"
)
@click.option(
    "--constant",
    "constants",
    multiple=True,
    metavar="NAME=VALUE",
    help="value of a column in every row",
)
@click.option(
    "--template",
    "templates",
    multiple=True,
    metavar="NAME={A}{B}",
    help="a column joined from headers",
)
@click.option("--ignore", multiple=True, metavar="HEADER", help="leave this column of the file out")
@click.option(
    "--mapping",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="mapping file (JSON) with all of these",
)
@click.option("--time-format", help="strptime format of unusual dates and times")
@click.option("--encoding", help="of a text file, if the detected one is wrong")
@click.option("--layer", help="layer of a vector file, or sheet of a workbook")
@click.option(
    "--no-header", is_flag=True, help="the first row is data; columns are called A, B, C …"
)
@click.option("--code-from-row", is_flag=True, help="the file has no key: make one from the row")
@click.option(
    "--blank",
    multiple=True,
    metavar="COLUMN",
    help="this column's empty cells may take away what is stored, however much it is",
)
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default=UPDATE,
    help="add: what is stored stays; update: it is changed; replace: what the file does not name ends",
)
@click.option(
    "--ends", type=int, help="replace: how many stored rows may end, as the dry run counted them"
)
@click.option(
    "--move", is_flag=True, help="rows may hang on another area, house or household than before"
)
@click.option("--trust-crs", is_flag=True, help="load although the declared datum looks wrong")
@click.option(
    "--rejects",
    type=click.Path(path_type=Path, dir_okay=False),
    help="workbook of refused and noted rows; default FILE.rejects.xlsx in this folder",
)
@click.option("--commit", is_flag=True, help="really write; otherwise only say what would happen")
@click.pass_obj
def load(
    settings: Settings,
    /,
    *,
    kind: str,
    file: Path,
    township: str | None,
    plan: str | None,
    version: str | None,
    since: datetime | None,
    rejects: Path | None,
    code_from_row: bool,
    trust_crs: bool,
    blank: tuple[str, ...],
    mode: str,
    ends: int | None,
    move: bool,
    commit: bool,
    **mapping_options: object,
) -> None:
    """Load FILE as KIND: areas, streets, parcels, grids, houses, households, residents, staff, matters, events, ….

    FILE is of any vector format, CSV, TSV or XLSX; gzip or zip too. Every row is checked: good rows are kept, the others come back in a workbook with reasons.
    """
    order = Order(
        kind=kind,
        path=file,
        township=township,
        plan=plan,
        version=version,
        since=since.date() if since else None,
        mapping=_mapping(**mapping_options),  # type: ignore[arg-type]
        code_from_row=code_from_row,
        trust_crs=trust_crs,
        blank=blank,
        mode=mode,
        move=move,
        most=settings.unpacked_max_mb << 20,
        who=settings.who or getpass.getuser(),
    )
    path = rejects or Path(f"{file.name}.rejects.xlsx")
    _check_writable(path)
    written = None
    with progress_bar(f"{kind} {file.name}") as tell, opened(settings) as session:
        report = load_file(session, order, progress=tell)
        if report.rejected.found or report.noted.found:
            # Before the commit: what cannot be handed back must not be forgotten.
            tell(report.read, report.read, "workbook")
            written = _write_workbook(report, path)
        if commit:
            refuse_other_ends(len(report.ended.names), ends)
        else:
            session.rollback()
    print_report(report, commit=commit)
    if written:
        click.echo(f"{path}: {written.rejected} refused rows, {written.noted} noted rows")
    if not commit:
        click.echo("dry run: nothing was written; add --commit to write")


def _check_writable(path: Path) -> None:
    """Before the work of a load: is there a folder for its workbook?"""
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise _cannot_write(path)


def _write_workbook(report: LoadReport, path: Path) -> Written:
    try:
        return write_rejects(
            report.table, report.rejected, report.noted, path, without=report.ignored
        )
    except OSError as exc:
        raise _cannot_write(path) from exc


def _cannot_write(path: Path) -> Invalid:
    return Invalid(
        "The workbook of refused rows cannot be written to {path}; nothing was loaded. Name another "
        "place with --rejects.",
        path=str(path),
    )


def _mapping(
    *,
    crs: str | None,
    columns: tuple[str, ...],
    constants: tuple[str, ...],
    templates: tuple[str, ...],
    ignore: tuple[str, ...],
    mapping: Path | None,
    time_format: str | None,
    encoding: str | None,
    layer: str | None,
    no_header: bool,
) -> Mapping:
    """The mapping file with the options laid over it."""
    base = _mapping_file(mapping) if mapping else Mapping()
    return Mapping(
        columns={**base.columns, **_pairs("--column", columns)},
        constants={**base.constants, **_pairs("--constant", constants)},
        templates={**base.templates, **_pairs("--template", templates)},
        crs=crs or base.crs,
        encoding=encoding or base.encoding,
        layer=layer or base.layer,
        header=NO_HEADER if no_header else base.header,
        time_format=time_format or base.time_format,
        ignore=(*base.ignore, *ignore),
    )


def _mapping_file(path: Path) -> Mapping:
    try:
        return Mapping.from_json(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise Invalid("The mapping file {path} is not in UTF-8.", path=path.name) from exc


def _pairs(option: str, values: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for value in values:
        name, sign, rest = value.partition("=")
        if not (name and sign):
            raise Invalid("{option} takes NAME=VALUE, not {value!r}.", option=option, value=value)
        pairs[name.strip()] = rest
    return pairs


@contextmanager
def progress_bar(title: str) -> Iterator[Tell]:
    """A bar on a terminal; nothing where the output goes to a file."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(title, total=None)

        def tell(done: int, total: int | None, what: str) -> None:
            bar.update(task, completed=done, total=total, description=f"{title}: {what}")

        yield tell


def print_report(report: LoadReport, *, commit: bool) -> None:
    """The numbers of a load, and how often each reason stood."""
    would = "" if commit else "would be "
    parts = [f"{report.read} read", f"{report.inserted} {would}added"]
    parts += [f"{report.updated} {would}changed", f"{report.unchanged} unchanged"]
    parts += [f"{len(ended.names)} {would}ended"] if (ended := report.ended).names else []
    parts += [f"{len(report.rejected.rows())} refused", f"{len(report.noted.rows())} noted"]
    click.echo(", ".join(parts))
    if ended.names:
        click.echo(f"{would}ended: {', '.join(ended.names)}; posts as leader: {ended.posts}")
    click.echo("read as:")
    for what, how in (report.decided or {"coordinates": "none"}).items():
        click.echo(f"  {what}: {how}")
    if report.verdict:
        click.echo(report.verdict.said.en)
    if report.unused:
        click.echo(f"columns not used: {', '.join(report.unused)}")
    if report.ignored:
        click.echo(f"columns left out: {', '.join(report.ignored)}")
    for each in report.emptied:
        click.echo(
            f"{each.header} ({each.column}): {each.values} of {each.of} stored values "
            f"{would}emptied; a column that the file does not have is left as it is"
        )
    for code in report.townships:
        click.echo(
            f"township {code} is new: look at its metric CRS, time zone and rules, and change what "
            f"is wrong before you go on: gisgrid township --code {code}"
        )
    _print_findings("refused", report.rejected)
    _print_findings("noted", report.noted)
    for name, counts in (("houses", report.houses), ("events", report.events)):
        if counts:
            click.echo(
                f"{name}: {counts.attached} attached, {counts.outside} outside, "
                f"{counts.unlocated} unlocated, {counts.near_border} near a border"
            )


def _print_findings(title: str, findings: Findings) -> None:
    if not findings.found:
        return
    table = Grid(title, "rows", "reason", "原因", box=None)
    for code, n in sorted(findings.counts().items(), key=lambda item: (-item[1], item[0])):
        reason = REASONS[code]
        typed = f" ({reason.option})" if reason.option else ""
        table.add_row(code, str(n), f"{reason.en}{typed}", reason.in_language("zh"))
    wide_console().print(table)
