"""Which ways out has an office: its mail server, its gateway? Set by whoever has the server; secrets never come back."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid, NotFound

SECURITY = ("starttls", "tls", "none")
FIELDS = ("to", "kind", "urgent", "code", "grid", "link", "text", "at")
"""What a template may name."""
FIELD = re.compile(r"\{(\w+)\}")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]+\]")


@dataclass(frozen=True)
class MailServer:
    """Where letters are handed in."""

    host: str
    sender: str
    """An address; the server has to take letters from it."""
    port: int = 587
    security: str = "starttls"
    user: str = ""
    """Empty: the server asks for none."""
    ca: str = ""
    """File of the certificate that vouches for the server; empty: those of the system."""

    @property
    def host_name(self) -> str:
        return self.host.lower()


@dataclass(frozen=True)
class Gateway:
    """Where requests go; never elsewhere, whatever is answered."""

    url: str
    template: str = "plain"
    ca: str = ""

    @property
    def host_name(self) -> str:
        return (urlsplit(self.url).hostname or "").lower()

    @property
    def shown(self) -> str:
        """The address without what may be a key in it."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}{parts.path}{'?…' if parts.query else ''}"


@dataclass(frozen=True)
class Template:
    """How a gateway wants to be asked, as data of ``gisgrid/outbox/templates``."""

    name: str
    zh: str
    en: str
    addressed: bool
    """A request for each person; else one for the group."""
    body: Any
    ok: Mapping[str, Any]
    """What the answer says where all is well: robots answer 200 to what they refuse."""
    signs: str = ""
    """``dingtalk``: its own signature in the address, beside the one in the headers."""


@dataclass(frozen=True)
class Channel:
    """A way out as it is kept, without its secret."""

    id: int
    channel: str
    township: str | None
    """None: of the installation."""
    active: bool
    config: MailServer | Gateway
    has_secret: bool


@cache
def templates() -> dict[str, Template]:
    """All there are, by name."""
    folder = resources.files("gisgrid.outbox") / "templates"
    found = {}
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".json"):
            name = file.name.removesuffix(".json")
            found[name] = Template(name=name, **json.loads(file.read_text(encoding="utf-8")))
    return found


def config_of(channel: str, values: Mapping[str, Any]) -> MailServer | Gateway:
    """What the values of a channel say.

    Raises
    ------
    Invalid
        No such channel or value, or one that cannot be: a port, an address with a name and password in it.
    """
    kind = {"email": MailServer, "webhook": Gateway}.get(channel)
    if kind is None:
        raise Invalid("There is no channel {channel!r}; known: {known}.", channel=channel, known=["email", "webhook"])  # fmt: skip
    known = [f.name for f in fields(kind)]
    if strange := sorted(set(values) - set(known)):
        raise Invalid("A channel has no {name!r}; it has: {known}.", name=strange[0], known=known)
    needed = [f for f in ("host", "sender", "url") if f in known and not values.get(f)]
    if needed:
        raise Invalid("The channel {channel} needs: {known}.", channel=channel, known=needed)
    return _gateway(values) if kind is Gateway else _mail_server(values)


def _mail_server(values: Mapping[str, Any]) -> MailServer:
    port = str(values.get("port", MailServer.port))
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise Invalid("The port is {port!r}; a port is between 1 and 65535.", port=port)
    found = MailServer(**{**values, "port": int(port)})
    if found.security not in SECURITY:
        raise Invalid("security is {value!r}; known: {known}.", value=found.security, known=list(SECURITY))  # fmt: skip
    if not _HOST.fullmatch(found.host):
        raise Invalid("{host!r} is no name of a server.", host=found.host)
    if not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", found.sender):
        raise Invalid("{address!r} is no e-mail address.", address=found.sender)
    if found.user and found.security == "none":
        raise Invalid("A password is sent by starttls or tls only.")
    return found


def _gateway(values: Mapping[str, Any]) -> Gateway:
    found = Gateway(**values)
    try:
        parts = urlsplit(found.url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or port == 0
        or parts.username is not None
        or not found.url.isascii()
        or re.search(r"\s", found.url)
    ):
        raise Invalid("The url is http(s)://host/path, without a name or password before the host.")
    if found.template not in templates():
        raise Invalid("There is no template {name!r}; known: {known}.", name=found.template, known=list(templates()))  # fmt: skip
    return found


def keep_channel(
    session: Session,
    channel: str,
    values: Mapping[str, Any],
    *,
    township_id: int | None,
    secret: str | None = None,
    active: bool | None = None,
    hosts: Collection[str] | None = None,
) -> None:
    """Keep a way out: what is not named stays as it was.

    Parameters
    ----------
    secret
        Password of the mail server, or key of the signature; None: as before.
    active
        Whether anything goes by it; None: as before, and a new one does.
    hosts
        Names of the servers that it may lead to; None: any, since whoever has the server says so.

    Raises
    ------
    Invalid
        As `config_of`; or a signature is asked for and there is no key.
    """
    before = session.execute(text(_BEFORE), {"c": channel, "t": township_id}).one_or_none()
    if active is None:
        active = before.active if before else True
    config = config_of(channel, {**(before.config if before else {}), **values})
    if hosts is not None and config.host_name not in hosts:
        raise Invalid(
            "{host} is no server that this installation may send to: whoever has the server names it in "
            "GISGRID_CHANNEL_HOSTS first. Named are: {known}.",
            host=config.host_name,
            known=sorted(hosts),
        )
    has_key = bool(secret) if secret is not None else bool(before and before.has_secret)
    if isinstance(config, Gateway) and not has_key:
        raise Invalid("A gateway needs a key by which it knows that a request is ours.")
    if isinstance(config, MailServer) and config.user and not has_key:
        raise Invalid("The mail server asks for a password of {user}.", user=config.user)
    addressed = not isinstance(config, Gateway) or templates()[config.template].addressed
    facts = {
        "t": township_id, "c": channel, "addressed": addressed, "active": active,
        "config": json.dumps(asdict(config)), "secret": secret or "",
    }  # fmt: skip
    session.execute(text(_ADD if before is None else _CHANGE), facts)
    if before is not None and secret is not None:
        session.execute(text(_NEW_SECRET), facts)


def drop_channel(session: Session, channel: str, *, township_id: int | None) -> None:
    """Take a way out away; what waits for it is given up with a reason. NotFound if there is none."""
    gone = session.execute(
        text(
            "DELETE FROM outbox_channel WHERE channel = :c "
            "AND township_id IS NOT DISTINCT FROM CAST(:t AS bigint) RETURNING id"
        ),
        {"c": channel, "t": township_id},
    ).one_or_none()
    if gone is None:
        raise NotFound("There is no such channel here.")


def of_installation(session: Session) -> frozenset[str]:
    """Channels that are on for every township that has none of its own."""
    return frozenset(
        session.scalars(
            text("SELECT channel FROM outbox_channel WHERE township_id IS NULL AND active")
        )
    )


def channels(session: Session) -> list[Channel]:
    """All ways out, the installation's first."""
    rows = session.execute(
        text(
            "SELECT c.id, c.channel, a.code AS township, c.active, c.config, c.has_secret "
            "FROM outbox_channel c LEFT JOIN area a ON a.id = c.township_id "
            "ORDER BY a.code NULLS FIRST, c.channel"
        )
    )
    return [
        Channel(
            row.id, row.channel, row.township, row.active, config_of(row.channel, row.config),
            row.has_secret,
        )
        for row in rows
    ]  # fmt: skip


_ITS = "channel = :c AND township_id IS NOT DISTINCT FROM CAST(:t AS bigint)"
_BEFORE = f"SELECT config, has_secret, active FROM outbox_channel WHERE {_ITS}"  # noqa: S608 - our condition
_ADD = """
INSERT INTO outbox_channel (township_id, channel, addressed, active, config, secret)
VALUES (:t, :c, :addressed, :active, CAST(:config AS jsonb), :secret)
"""
# Who keeps a channel by the pages may write its secret, and never read it.
_CHANGE = f"""
UPDATE outbox_channel SET addressed = :addressed, active = :active, config = CAST(:config AS jsonb),
    changed_at = now() WHERE {_ITS}
"""  # noqa: S608
_NEW_SECRET = f"UPDATE outbox_channel SET secret = :secret WHERE {_ITS}"  # noqa: S608
