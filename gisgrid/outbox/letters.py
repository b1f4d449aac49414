"""How does a message leave the house? A letter by SMTP, a signed request by HTTP; to the configured host alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import smtplib
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any, Protocol, Self
from urllib.parse import quote_plus, urlsplit

from gisgrid.core.errors import GisgridError
from gisgrid.core.messages import catalogue, say
from gisgrid.outbox.channels import FIELD, FIELDS, Gateway, MailServer, Template, templates
from gisgrid.outbox.words import ToldMessage

TIMEOUT_S = 10.0
_MOST_ANSWER = 65_536
_NO_SUCH = say("The mail server does not take letters for this address ({code}).")
_WHY = say("You are told because of your post. What you are told by mail, you choose here: {link}")

_ASKED = say(
    "Somebody wrote this address into their settings: {link} Was it you, write the code there within half an hour. "
    "Was it not, do nothing: without the code nothing more is sent here."
)


class GatewayDown(GisgridError):
    """Nobody answers, or nobody can be spoken to: others need not be tried now."""


class NotTaken(GisgridError):
    """The other side took this one not; later it may."""


class Refused(GisgridError):
    """The other side will never take this one."""


@dataclass(frozen=True)
class Letter:
    """A message to one recipient, in their language."""

    token: str
    """The same at each try."""
    to: str
    told: ToldMessage
    language: str
    base: str
    """Address of the installation, without a slash at the end."""

    @property
    def link(self) -> str:
        return f"{self.base}{self.told.path}"

    @property
    def sentence(self) -> str:
        # A name with a break in it would begin a new header.
        return " ".join(self.told.sentence(self.language).split())


class Way(Protocol):
    """An open connection by which letters go."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...
    def send(self, letter: Letter) -> None:
        """Hand it over. Raises GatewayDown, NotTaken, Refused."""


def way_of(config: MailServer | Gateway, secret: str, timeout_s: float = TIMEOUT_S) -> Way:
    """The way by a channel; the connection is made when it is entered."""
    if isinstance(config, MailServer):
        return Mail(config, secret, timeout_s)
    return Webhook(config, secret, timeout_s)


class Mail:
    """Letters by SMTP, several over one connection."""

    def __init__(self, server: MailServer, secret: str, timeout_s: float) -> None:
        self._server, self._secret, self._timeout_s = server, secret, timeout_s
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        to = self._server
        try:
            if to.security == "tls":
                smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                    to.host, to.port, timeout=self._timeout_s, context=_trust(to.ca)
                )
            else:
                smtp = smtplib.SMTP(to.host, to.port, timeout=self._timeout_s)
        except (OSError, smtplib.SMTPException, ValueError) as exc:
            raise _down(to.host, to.port, exc) from exc
        try:
            if to.security == "starttls":
                smtp.starttls(context=_trust(to.ca))
            if to.user:
                smtp.login(to.user, self._secret)
        except smtplib.SMTPAuthenticationError as exc:
            smtp.close()
            raise GatewayDown(
                "The mail server {host} does not take the name and password.", host=to.host
            ) from exc
        # A ValueError: a name or password that SMTP cannot say.
        except (OSError, smtplib.SMTPException, ValueError) as exc:
            smtp.close()
            raise _down(to.host, to.port, exc) from exc
        self._smtp = smtp
        return self

    def __exit__(self, *exc: object) -> None:
        if self._smtp is not None:
            try:
                self._smtp.quit()
            except (OSError, smtplib.SMTPException):
                self._smtp.close()

    def send(self, letter: Letter) -> None:
        assert self._smtp is not None  # noqa: S101 - entered before
        to = self._server
        try:
            self._smtp.send_message(_mail(letter, to.sender), to.sender, [letter.to])
        except smtplib.SMTPRecipientsRefused as exc:
            codes = [code for code, _ in exc.recipients.values()]
            code = codes[0] if codes else 0
            kind = Refused if code >= 500 else NotTaken
            raise kind(_NO_SUCH, code=code) from exc
        except smtplib.SMTPResponseException as exc:
            raise NotTaken("The mail server did not take the letter ({code}).", code=exc.smtp_code) from exc  # fmt: skip
        # Of this address alone, and no reason to keep the others' letters back.
        except (ValueError, smtplib.SMTPNotSupportedError) as exc:
            raise Refused("The address cannot be written in a letter.") from exc
        except (OSError, smtplib.SMTPException) as exc:
            raise _down(to.host, to.port, exc) from exc


class Webhook:
    """Requests to one host over one connection, signed as Standard Webhooks has it."""

    def __init__(self, gateway: Gateway, secret: str, timeout_s: float) -> None:
        self._gateway, self._secret, self._timeout_s = gateway, secret, timeout_s
        self._template = templates()[gateway.template]
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        parts = urlsplit(self._gateway.url)
        host = parts.hostname or ""
        self._connection = (
            http.client.HTTPSConnection(
                host, parts.port, timeout=self._timeout_s, context=_trust(self._gateway.ca)
            )
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, parts.port, timeout=self._timeout_s)
        )
        return self

    def __exit__(self, *exc: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def send(self, letter: Letter) -> None:
        assert self._connection is not None  # noqa: S101 - entered before
        now = int(time.time())
        body = json.dumps(filled(self._template.body, _values(letter)), ensure_ascii=False).encode()
        try:
            self._connection.request(
                "POST", self._target(now), body, headers(self._secret, letter.token, now, body)
            )
            answer = self._connection.getresponse()
            said = answer.read(_MOST_ANSWER)
            if answer.will_close or len(said) == _MOST_ANSWER:
                self._connection.close()
        except (OSError, http.client.HTTPException, ValueError) as exc:
            self._connection.close()
            parts = urlsplit(self._gateway.url)
            raise _down(parts.hostname or "", parts.port or 0, exc) from exc
        if not 200 <= answer.status < 300:
            raise NotTaken("The gateway answers {status}.", status=answer.status)
        if not _is_ok(said, self._template):
            raise NotTaken("The gateway answers that it did not take the message.")

    def _target(self, now: int) -> str:
        parts = urlsplit(self._gateway.url)
        query = parts.query
        if self._template.signs == "dingtalk":
            millis = str(now * 1000)
            mark = _hmac(self._secret, f"{millis}\n{self._secret}".encode())
            query = "&".join(q for q in (query, f"timestamp={millis}", f"sign={quote_plus(mark)}") if q)  # fmt: skip
        return f"{parts.path or '/'}{f'?{query}' if query else ''}"


def headers(secret: str, token: str, now: int, body: bytes) -> dict[str, str]:
    """The headers of a request: what it is, when it was sent, and that it is ours.

    The signature is HMAC-SHA256 over ``id.timestamp.body``; the receiver keeps ``webhook-id`` to know a
    request that comes twice, and throws away what is older than some minutes.
    """
    mark = _hmac(secret, f"{token}.{now}.".encode() + body)
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "gisgrid",
        "webhook-id": token,
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{mark}",
    }


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """A template with its fields filled in; what a value holds is never taken for a field.

    >>> filled({"text": "{code}: {text}"}, {"code": "E-1", "text": "{code}"})
    {'text': 'E-1: {code}'}
    """
    if isinstance(template, str):
        return FIELD.sub(lambda m: values.get(m[1], m[0]), template)
    if isinstance(template, dict):
        return {name: filled(each, values) for name, each in template.items()}
    if isinstance(template, list):
        return [filled(each, values) for each in template]
    return template


def _values(letter: Letter) -> dict[str, str]:
    told = letter.told
    said = (
        letter.to, told.kind, "true" if told.urgent else "false", told.code, told.grid or "",
        letter.link, letter.sentence, told.at.isoformat(timespec="seconds"),
    )  # fmt: skip
    return dict(zip(FIELDS, said, strict=True))


def _mail(letter: Letter, sender: str) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = letter.sentence
    mail["From"] = sender
    mail["To"] = letter.to
    mail["Date"] = formatdate(localtime=True)
    mail["Message-ID"] = f"<{letter.token}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    if letter.told.urgent:
        mail["Importance"] = "high"
    because = _ASKED if letter.told.kind == "email_code" else _WHY
    why = (
        catalogue(letter.language).gettext(because).format(link=f"{letter.base}/messages/settings")
    )
    mail.set_content(f"{letter.sentence}\n{letter.link}\n\n-- \n{why}\n")
    return mail


def _is_ok(said: bytes, template: Template) -> bool:
    if not template.ok:
        return True
    try:
        answer = json.loads(said)
    except ValueError:
        return False
    return isinstance(answer, dict) and all(answer.get(k) == v for k, v in template.ok.items())


def _hmac(secret: str, data: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), data, hashlib.sha256).digest()).decode()


def _trust(ca: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca or None)
    except OSError as exc:
        raise GatewayDown("The certificate {file} cannot be read.", file=ca) from exc


def _down(host: str, port: int, exc: BaseException) -> GatewayDown:
    return GatewayDown(
        "Nobody who can be spoken to answers at {host}:{port} ({why}).",
        host=host, port=port, why=type(exc).__name__,
    )  # fmt: skip
