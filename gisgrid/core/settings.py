"""Every setting of the program: name, default, meaning; read once from the environment.

Sizes, limits, weights and rules that differ from township to township are not here: they are rows
of the ``township`` table.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from gisgrid.core.errors import Invalid
from gisgrid.core.messages import languages


def default_home() -> Path:
    """Folder of the private cluster: a system place for root, else the user's data folder."""
    if os.geteuid() == 0:
        # Not below root's own home: the server runs as another user, who could not enter it.
        return Path("/var/lib/gisgrid")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "gisgrid"


@dataclass(frozen=True)
class Settings:
    """What the environment says; each field's ``help`` stands in the README (a test holds it)."""

    database_url: str | None = field(
        default=None,
        metadata={
            "env": "DATABASE_URL",
            "help": "PostGIS server to use; empty: the private cluster in GISGRID_HOME",
        },
    )
    web_database_url: str | None = field(
        default=None,
        metadata={
            "env": "GISGRID_WEB_DATABASE_URL",
            "help": "the same store as the web server enters it, as a role that owns nothing; "
            "needed where DATABASE_URL is set",
        },
    )
    home: Path = field(
        default_factory=default_home,
        metadata={
            "env": "GISGRID_HOME",
            "help": "folder of the private cluster; default /var/lib/gisgrid for root, "
            "else the user's data folder",
        },
    )
    host: str = field(
        default="127.0.0.1", metadata={"env": "GISGRID_HOST", "help": "address to serve on"}
    )
    port: int = field(default=8000, metadata={"env": "GISGRID_PORT", "help": "port to serve on"})
    web_workers: int = field(
        default=2, metadata={"env": "GISGRID_WEB_WORKERS", "help": "server processes"}
    )
    statement_timeout_s: int = field(
        default=30,
        metadata={
            "env": "GISGRID_STATEMENT_TIMEOUT_S",
            "help": "longest one database statement of a web request may take, seconds",
        },
    )
    unpacked_max_mb: int = field(
        default=4096,
        metadata={
            "env": "GISGRID_UNPACKED_MAX_MB",
            "help": "most that a packed file of a load may unpack to, MB; beyond it is taken for a "
            "bomb made to fill memory",
        },
    )
    upload_max_mb: int = field(
        default=32,
        metadata={
            "env": "GISGRID_UPLOAD_MAX_MB",
            "help": "largest table or list that may be sent to the web, MB",
        },
    )
    upload_unpacked_max_mb: int = field(
        default=256,
        metadata={
            "env": "GISGRID_UPLOAD_UNPACKED_MAX_MB",
            "help": "most that it may unpack to, MB; less than for a load, since several may come "
            "at once",
        },
    )
    import_max_mb: int = field(
        default=200,
        metadata={
            "env": "GISGRID_IMPORT_MAX_MB",
            "help": "largest file that may be sent in the browser, MB; it is kept in the store "
            "until its time is over",
        },
    )
    basemap_url: str | None = field(
        default=None,
        metadata={
            "env": "GISGRID_BASEMAP_URL",
            "help": "XYZ or WMTS address of a base map, with {z} {x} {y}; empty: none",
        },
    )
    basemap_credit: str = field(
        default="",
        metadata={"env": "GISGRID_BASEMAP_CREDIT", "help": "credit line of the base map"},
    )
    language: str = field(
        default="zh",
        metadata={"env": "GISGRID_LANGUAGE", "help": "first language of the pages: zh or en"},
    )
    secret_key: str = field(
        default="",
        repr=False,
        metadata={
            "env": "GISGRID_SECRET_KEY",
            "help": "signs sessions, at least 32 characters; empty: made once in GISGRID_HOME, "
            "with the private cluster only",
        },
    )
    public_url: str = field(
        default="",
        metadata={
            "env": "GISGRID_PUBLIC_URL",
            "help": "address under which others reach the pages, such as https://grid.example; stands in "
            "messages and in what Open311 tells; empty: addresses without a host",
        },
    )
    channel_hosts: str = field(
        default="",
        metadata={
            "env": "GISGRID_CHANNEL_HOSTS",
            "help": "mail servers and gateways that an administrator may name in the browser, by commas; "
            "none: channels are set up by gisgrid outbox alone",
        },
    )
    https: bool = field(
        default=False,
        metadata={
            "env": "GISGRID_HTTPS",
            "help": "1 where pages are served by https: cookies then travel by https only",
        },
    )
    proxies: int = field(
        default=0,
        metadata={
            "env": "GISGRID_PROXIES",
            "help": "proxies in front whose X-Forwarded-For and -Proto are believed",
        },
    )
    two_factor: str = field(
        default="offices",
        metadata={
            "env": "GISGRID_TWO_FACTOR",
            "help": "second factor at log-in: offices (must for their roles) or offered (who wants)",
        },
    )
    session_hours: int = field(
        default=12,
        metadata={"env": "GISGRID_SESSION_HOURS", "help": "hours until one must log in again"},
    )
    who: str = field(
        default="",
        metadata={
            "env": "GISGRID_WHO",
            "help": "name written into import runs; default the system user's name",
        },
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings with each field taken from its variable where that is set and not empty.

        Raises
        ------
        Invalid
            A number that is none or below 1, a port outside 1–65535, an unknown language or choice.
        """
        environ = os.environ if environ is None else environ
        values: dict[str, object] = {}
        for f in fields(cls):
            text = environ.get(f.metadata["env"], "").strip()
            if not text:
                continue
            if f.type == "int":
                values[f.name] = _number(f.metadata["env"], text)
            elif f.type == "bool":
                values[f.name] = _yes(f.metadata["env"], text)
            elif f.type == "Path":
                values[f.name] = Path(text)
            else:
                values[f.name] = text
        settings = cls(**values)  # type: ignore[arg-type]
        if not 1 <= settings.port <= 65535:
            raise Invalid(
                "GISGRID_PORT is {port}; a port is between 1 and 65535.", port=settings.port
            )
        for f in fields(cls):
            if f.type == "int" and values.get(f.name, 1) < 1:  # type: ignore[operator]
                raise Invalid(
                    "{setting} is {value}; it must be at least 1.",
                    setting=f.metadata["env"],
                    value=values[f.name],
                )
        if settings.public_url and not re.fullmatch(r"https?://[\w.:\[\]-]+", settings.public_url):
            raise Invalid(
                "GISGRID_PUBLIC_URL is {public_url!r}; it is http(s):// and a host, with no path.",
                public_url=settings.public_url,
            )
        if settings.language not in languages():
            raise Invalid(
                "GISGRID_LANGUAGE is {language!r}; it can be {known}.",
                known=list(languages()),
                language=settings.language,
            )
        if settings.two_factor not in ("offices", "offered"):
            raise Invalid(
                "GISGRID_TWO_FACTOR is {two_factor!r}; it can be offices or offered.",
                two_factor=settings.two_factor,
            )
        return settings


def _number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Invalid(
            "{name} is {text!r}; it must be a whole number.", name=name, text=text
        ) from None


def _yes(name: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise Invalid("{name} is {text!r}; it can be 0 or 1.", name=name, text=text)
    return text == "1"
