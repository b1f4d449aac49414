"""The other end: a mail server and a gateway on loopback, which count what they get by its token."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "grid", "a password of tests"


@dataclass
class Mailbox:
    """What the mail server took."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    refusing: dict[str, str] = field(default_factory=dict)
    """By address, what is answered instead of taking a letter for it."""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refusing:
            return self.refusing[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        letter = message_from_bytes(content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 OK"


@contextlib.contextmanager
def mail_server(*, tls: tuple[Path, Path] | None = None, port: int = 0) -> Iterator[Mailbox]:
    """A mail server, at a free port unless said; with a certificate and its key it speaks STARTTLS and asks for a name and password."""
    box = Mailbox()
    more: dict[str, Any] = {}
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, tls))
        more = {
            "tls_context": context, "require_starttls": True, "auth_required": True,
            "authenticator": _known,
        }  # fmt: skip
    controller = Controller(box, hostname="127.0.0.1", port=port or _free_port(), **more)
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()


def _known(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
    said = (getattr(given, "login", b""), getattr(given, "password", b""))
    return AuthResult(handled=False, success=said == (USER.encode(), PASSWORD.encode()))


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of localhost that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert, private


@dataclass
class Got:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def token(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class GatewayEnd:
    """A gateway that counts; what it answers may be changed while it runs."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    status: int = 200
    answer: bytes = b'{"errcode": 0}'
    location: str = ""
    silent: int = 0
    """So many requests are counted and then not answered: the connection is closed."""
    most: int | None = None
    """After so many requests it dies; None: never."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def tokens(self) -> list[str]:
        return [each.token for each in self.got]


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that is killed breaks off in the middle; that is what is tried."""


@contextlib.contextmanager
def gateway_end(port: int = 0, end: GatewayEnd | None = None) -> Iterator[GatewayEnd]:
    """A receiver of requests; one that died comes back on the same port with what it had."""
    here = end or GatewayEnd()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body of an answer are two packets

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with here.lock:
                dead = here.most is not None and len(here.got) >= here.most
                if not dead:
                    heads = {k.lower(): v for k, v in self.headers.items()}
                    here.got.append(Got(self.path, heads, body))
                cut = dead or here.silent > 0
                here.silent = max(here.silent - 1, 0)
            if cut:
                self.close_connection = True
                return
            self.send_response(here.status)
            if here.location:
                self.send_header("Location", here.location)
            self.send_header("Content-Length", str(len(here.answer)))
            self.end_headers()
            self.wfile.write(here.answer)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = _Server(("127.0.0.1", port), Handler)
    here.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
