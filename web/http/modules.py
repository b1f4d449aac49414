"""Which scripts does a page load, and from where?

The scripts are modules that import each other by their place beside one another. An import has no room for a
version, so the folder they are asked from bears the edition of all of them: what a page imports is of the edition
that the page itself names, and what is of another edition is not there. See
docs/decisions/2026-11-30-scripts-as-modules.md.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import time
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, g, send_from_directory, url_for
from markupsafe import Markup
from werkzeug.exceptions import NotFound

MODULES = Path(__file__).parents[1] / "static" / "js"

_IMPORT = re.compile(r"""^(?:import|export)\b[^"';]*["'](\.{1,2}/[^"']+)["'];""", re.MULTILINE)


def init_app(app: Flask) -> None:
    def static(filename: str, edition: str | None = None) -> Response:
        if edition is None:
            return app.send_static_file(filename)
        if edition != _edition():
            raise NotFound
        return send_from_directory(MODULES, filename, max_age=app.get_send_file_max_age(filename))

    # A static file as any other, and as open: only its folder says more.
    app.view_functions["static"] = static
    app.add_url_rule("/static/modules/<edition>/<path:filename>", endpoint="static")
    app.jinja_env.globals.update(load=load, module=module, preload=preload)


def module(name: str) -> str:
    """Address of a script, new whenever any of them is."""
    return url_for("static", edition=_edition(), filename=name)


def modules(*names: str) -> list[str]:
    """Addresses of scripts and of all that they import, each once."""
    return [module(name) for name in _with_imports(names, _edition())]


def preload(*names: str) -> Markup:
    """What fetches scripts at once, with all that they import, for a page that begins them itself."""
    return Markup("").join(
        Markup('<link rel="modulepreload" href="{}">').format(address)
        for address in modules(*names)
    )


def load(name: str) -> Markup:
    """What fetches a script with all that it imports, and begins it once the page is read."""
    own = module(name)
    fetched = Markup("").join(
        Markup('<link rel="modulepreload" href="{}">').format(address)
        for address in modules(name)
        if address != own
    )
    return fetched + Markup('<script type="module" src="{}"></script>').format(own)


def _edition() -> str:
    if "edition" not in g:
        g.edition = _edition_at(MODULES, int(time.monotonic()))
    return str(g.edition)


@lru_cache(maxsize=2)
def _edition_at(folder: Path, _second: int) -> str:
    """Looked for once a second: asking each file for its age was a fifteenth of a small answer."""
    files = sorted(folder.rglob("*.js"))
    return _digest(tuple((path, path.stat().st_mtime_ns) for path in files))


@lru_cache(maxsize=8)
def _digest(files: tuple[tuple[Path, int], ...]) -> str:
    digest = hashlib.sha256()
    for path, _changed_ns in files:
        digest.update(f"{path.relative_to(MODULES).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@lru_cache(maxsize=64)
def _with_imports(names: tuple[str, ...], _edition: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = None
            waiting += [
                posixpath.normpath(posixpath.join(posixpath.dirname(name), imported))
                for imported in _IMPORT.findall((MODULES / name).read_text("utf-8"))
            ]
    return tuple(found)
