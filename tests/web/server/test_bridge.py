"""What waits for somebody's network takes no place from others, and is bounded."""

from __future__ import annotations

import contextlib
import io
import json
import select
import socket
import threading
from math import inf

import pytest
from flask import Flask, Response, request

from gisgrid.core.settings import Settings
from tests.support.served import Served, behind_doors, post, rest
from tests.support.waiting import eventually
from web.http import bodies
from web.server import bridge, door, lanes

LARGE = b"x" * 8_000_000


@pytest.fixture
def app() -> Flask:
    """An application that tells what it was asked, answers at length, and waits when told to."""
    app = Flask("asked")
    app.config["SETTINGS"] = Settings(secret_key="x" * 40)
    app.config["WAIT"] = threading.Event()
    app.config["ASKED"] = []
    bodies.init_app(app)

    @app.route("/told", methods=["GET", "POST"])
    def told() -> Response:
        app.config["ASKED"].append(request.method)
        environ = {k: v for k, v in request.environ.items() if isinstance(v, str)}
        told = {**environ, "body": request.get_data().decode("latin-1")}
        return Response(json.dumps(told), content_type="application/json")

    @app.route("/api/v1/locate", methods=["GET", "POST"])
    def look_up() -> str:
        if request.method == "POST":
            app.config["WAIT"].wait(60)
        return "found"

    @app.get("/large")
    def large() -> Response:
        pieces = (LARGE[i : i + 100_000] for i in range(0, len(LARGE), 100_000))
        return Response(pieces, content_type="application/octet-stream")

    @app.get("/breaks")
    def breaks() -> Response:
        def pieces():
            yield b"y" * 400_000
            raise RuntimeError("张三 13900000000")

        return Response(pieces())

    @app.get("/waits")
    def waits() -> str:
        app.config["WAIT"].wait(60)
        return "at last"

    return app


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def told(answer: bytes) -> dict[str, str]:
    assert status(answer) == 200
    found: dict[str, str] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


def half(served: Served, address: str = "127.0.0.1", path: str = "/told") -> socket.socket:
    """A connection whose request is never finished."""
    made = served.connect(address)
    made.sendall(post(path, b"x" * 10, length=1000))
    return made


def test_bodies_that_do_not_come_hold_no_place(app: Flask):
    with behind_doors(app) as served:
        held = [half(served, f"127.0.0.{n}") for n in range(1, 6) for _ in range(40)]
        assert eventually(lambda: len(served.keeper) == 200)
        assert told(served.ask(post("/told", b"whole")))["body"] == "whole"
        assert status(served.get("/api/v1/locate")) == 200
        assert app.config["ASKED"] == ["POST"]
        for made in held:
            made.close()
        assert eventually(lambda: len(served.keeper) == 0)
        assert app.config["ASKED"] == ["POST"]


def test_a_body_that_pauses_too_long_is_told_so_and_let_go(app: Flask, monkeypatch):
    monkeypatch.setattr(bodies, "SILENT_S", 0.3)
    with behind_doors(app) as served, half(served) as made:
        answer = rest(made)
        assert status(answer) == 408
        assert "too slowly" in answer.decode() and "过慢" in answer.decode()
        assert app.config["ASKED"] == []


def test_a_body_that_trickles_is_let_go_however_steady_it_is(app: Flask, monkeypatch):
    monkeypatch.setattr(bodies, "SILENT_S", 0.5)
    monkeypatch.setattr(bodies, "SLOWEST", 10_000)
    with behind_doors(app) as served, half(served) as made:
        made.settimeout(0.05)
        answer: list[bytes] = []

        def trickle() -> bool:
            with contextlib.suppress(TimeoutError):
                made.sendall(b"x")
                answer.append(made.recv(1000))
            return bool(answer)

        assert eventually(trickle)
        assert status(answer[0]) == 408


def test_one_address_has_so_many_bodies_under_way_and_another_has_its_own(app: Flask, monkeypatch):
    monkeypatch.setattr(bodies, "AT_ONCE_OF_ONE", 3)
    with behind_doors(app) as served:
        held = [half(served) for _ in range(3)]
        assert eventually(lambda: len(served.keeper) == 3)
        answer = served.ask(post("/told", b"one more"))
        assert status(answer) == 429
        assert "Too many uploads" in answer.decode()
        assert told(served.ask(post("/told", b"another"), "127.0.0.2"))["body"] == "another"
        held[0].close()
        assert eventually(lambda: len(served.keeper) == 2)
        assert told(served.ask(post("/told", b"again")))["body"] == "again"
        for made in held:
            made.close()


def test_all_bodies_under_way_together_are_bounded(app: Flask, monkeypatch):
    monkeypatch.setattr(bodies, "HELD", 1500)
    with behind_doors(app) as served, half(served):
        assert eventually(lambda: len(served.keeper) == 1)
        answer = served.ask(post("/told", b"x" * 600), "127.0.0.2")
        assert status(answer) == 503
        assert b"retry-after" in answer
        assert told(served.ask(post("/told", b"x" * 400), "127.0.0.2"))


def test_a_body_that_is_too_large_is_refused_before_it_is_read(app: Flask):
    with behind_doors(app) as served:
        answer = served.ask(post("/told", b"x", length=bodies.USUAL + 1))
    assert status(answer) == 413


def test_a_body_without_a_size_is_taken_up_to_the_same_limit(app: Flask):
    head = (
        "POST /told HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with behind_doors(app) as served:
        found = told(served.ask(f"{head}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))
        assert (found["body"], found["CONTENT_LENGTH"]) == ("abcde", "5")
        assert "HTTP_TRANSFER_ENCODING" not in found
        piece = b"%x\r\n" % 600_000 + b"x" * 600_000 + b"\r\n"
        assert status(served.ask(head.encode() + piece + piece + b"0\r\n\r\n")) == 413


def test_a_large_body_comes_whole_by_way_of_a_file(app: Flask, monkeypatch):
    monkeypatch.setattr(bodies, "IN_MEMORY", 1000)
    body = bytes(range(256)) * 3000
    with behind_doors(app) as served:
        assert told(served.ask(post("/told", body)))["body"].encode("latin-1") == body


def test_who_asks_first_for_leave_to_send_gets_it(app: Flask):
    with behind_doors(app) as served, served.connect() as made:
        made.sendall(post("/told", b"", length=5, headers="Expect: 100-continue\r\n"))
        assert made.recv(1000).startswith(b"HTTP/1.1 100")
        made.sendall(b"hello")
        assert told(rest(made))["body"] == "hello"


@pytest.mark.thorough
def test_an_answer_that_nobody_takes_is_given_up_and_held_by_no_place(app: Flask, monkeypatch):
    monkeypatch.setattr(door, "READ_S", 0.5)
    monkeypatch.setattr(door, "LOOK_S", 0.1)
    ask = b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n"
    with behind_doors(app) as served:
        deaf = []
        for _ in range(20):
            made = served.connect()
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            made.sendall(ask)
            deaf.append(made)
        assert status(served.get("/told")) == 200
        assert eventually(lambda: len(served.keeper) == 0)
        for made in deaf:
            made.close()


def test_a_long_answer_comes_whole_and_small_ones_with_their_size(app: Flask):
    with behind_doors(app) as served:
        head, _, body = served.get("/large").partition(b"\r\n\r\n")
        assert b"transfer-encoding: chunked" in head or b"content-length: 8000000" in head
        assert LARGE in body or body.count(b"x") == len(LARGE)
        assert b"content-length: 5" in served.get("/api/v1/locate")


def test_an_answer_that_breaks_off_is_not_ended_as_if_it_were_whole(app: Flask, capfd):
    with behind_doors(app) as served:
        answer = served.get("/breaks")
    assert answer.startswith(b"HTTP/1.1 200")
    assert not answer.endswith(b"0\r\n\r\n")
    assert "张三" not in "".join(capfd.readouterr())


def test_a_slow_page_or_a_long_list_takes_no_place_of_a_look_up(app: Flask, monkeypatch):
    with behind_doors(app) as served:
        waiting = []
        for path in ("GET /waits", "POST /api/v1/locate"):
            for _ in range(lanes.PAGES + 2):
                made = served.connect()
                made.sendall(f"{path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
                waiting.append(made)
        assert status(served.get("/api/v1/locate")) == 200
        app.config["WAIT"].set()
        assert {status(rest(made)) for made in waiting} == {200}


def test_who_waits_in_vain_is_told_to_come_again(app: Flask, monkeypatch):
    monkeypatch.setattr(lanes, "WAITING", 2)
    monkeypatch.setattr(lanes, "PAGES", 1)
    with behind_doors(app) as served:
        waiting = []
        for _ in range(5):
            made = served.connect()
            made.sendall(b"GET /waits HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            waiting.append(made)
        # Whoever is told to come again hears it at once; the others only when they may go on.
        assert eventually(lambda: bool(select.select(waiting, [], [], 0)[0]))
        app.config["WAIT"].set()
        found = sorted(status(rest(made)) for made in waiting)
        assert found[0] == 200 and found[-1] == 503


def test_one_address_has_so_many_requests_in_hand(app: Flask, monkeypatch):
    monkeypatch.setattr(bridge, "AT_ONCE", 3)
    with behind_doors(app) as served:
        waiting = []
        for _ in range(3):
            made = served.connect()
            made.sendall(b"GET /waits HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            waiting.append(made)
        assert eventually(lambda: sum(served.bridge.in_hand().values()) == 3)
        assert status(served.get("/told")) == 429
        assert status(served.get("/told", "127.0.0.2")) == 200
        app.config["WAIT"].set()
        assert {status(rest(made)) for made in waiting} == {200}
        assert eventually(lambda: not served.bridge.in_hand())
        assert status(served.get("/told")) == 200


def test_behind_a_proxy_the_address_is_the_one_it_tells(app: Flask, monkeypatch):
    monkeypatch.setattr(bodies, "AT_ONCE_OF_ONE", 1)
    monkeypatch.setattr(door, "OF_ONE_ADDRESS", 2)
    first = "X-Forwarded-For: 198.51.100.9, 192.0.2.1\r\n"
    with behind_doors(app, proxies=1) as served:
        held = served.connect()
        held.sendall(post("/told", b"x", length=100, headers=first))
        assert eventually(lambda: len(served.keeper) == 1)
        # The proxy's own connections are not counted; what a client wrote before it is not believed.
        more = [served.connect() for _ in range(4)]
        assert eventually(lambda: len(served.keeper) == 5)
        again = "X-Forwarded-For: 203.0.113.5, 192.0.2.1\r\n"
        other = "X-Forwarded-For: 192.0.2.1, 192.0.2.2\r\n"
        assert status(served.ask(post("/told", b"x", headers=again))) == 429
        assert status(served.ask(post("/told", b"x", headers=other))) == 200
        for made in (held, *more):
            made.close()


def test_one_address_has_so_many_connections_and_another_has_its_own(app: Flask, monkeypatch):
    monkeypatch.setattr(door, "OF_ONE_ADDRESS", 5)
    with behind_doors(app) as served:
        held = [served.connect() for _ in range(5)]
        assert eventually(lambda: len(served.keeper) == 5)
        answer = served.get("/told")
        assert status(answer) == 503
        assert "连接过多" in answer.decode()
        assert status(served.get("/told", "127.0.0.2")) == 200
        for made in held:
            made.close()
        assert eventually(lambda: len(served.keeper) == 0)
        assert status(served.get("/told")) == 200


def test_all_connections_together_are_bounded(app: Flask):
    with behind_doors(app, most=3) as served:
        held = [served.connect(f"127.0.0.{n}") for n in range(1, 4)]
        assert eventually(lambda: len(served.keeper) == 3)
        assert status(served.get("/told", "127.0.0.9")) == 503
        for made in held:
            made.close()


@pytest.mark.parametrize("sent", [b"", b"GET /told HTTP/1.1\r\nHost: h\r\nX-Slow: "])
def test_a_connection_that_asks_nothing_is_ended(app: Flask, monkeypatch, sent: bytes):
    monkeypatch.setattr(door, "HEAD_S", 0.3)
    monkeypatch.setattr(door, "LOOK_S", 0.1)
    with behind_doors(app) as served, served.connect() as made:
        made.sendall(sent)
        assert status(rest(made)) == 408


def test_headers_without_an_end_are_refused(app: Flask):
    with behind_doors(app) as served, served.connect() as made:
        made.sendall(b"GET /told HTTP/1.1\r\n")
        line = b"X-Long: " + b"x" * 4000 + b"\r\n"
        answer: list[bytes] = []
        made.setblocking(False)

        def write() -> bool:
            with contextlib.suppress(BlockingIOError, ConnectionResetError, BrokenPipeError):
                made.send(line)
            with contextlib.suppress(BlockingIOError):
                answer.append(made.recv(1000))
            return bool(answer)

        assert eventually(write)
        assert status(answer[0]) == 431


def test_a_refused_body_that_keeps_coming_ends_with_its_connection(app: Flask, monkeypatch):
    monkeypatch.setattr(door, "REST_S", 0.3)
    monkeypatch.setattr(door, "LOOK_S", 0.1)
    with behind_doors(app) as served, served.connect() as made:
        made.sendall(
            b"POST /told HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 1000
        )
        assert status(made.recv(1000)) == 413
        assert eventually(lambda: len(served.keeper) == 0)


def test_what_the_application_sees_is_what_was_sent(app: Flask):
    with behind_doors(app) as served:
        found = told(
            served.ask(
                "GET /told?q=%E4%B8%AD&a=1 HTTP/1.1\r\nHost: office.example:8080\r\n"
                "Connection: close\r\nAccept: a\r\nAccept: b\r\nCookie: x=1\r\nCookie: y=2\r\n"
                "X-Real-IP: 192.0.2.1\r\nX_Real_IP: 192.0.2.66\r\n\r\n"
            )
        )
        assert found["QUERY_STRING"] == "q=%E4%B8%AD&a=1"
        assert found["HTTP_HOST"] == "office.example:8080"
        assert found["HTTP_ACCEPT"] == "a,b"
        assert found["HTTP_COOKIE"] == "x=1; y=2"
        assert found["HTTP_X_REAL_IP"] == "192.0.2.1"
        assert (found["REMOTE_ADDR"], found["SERVER_PROTOCOL"]) == ("127.0.0.1", "HTTP/1.1")
        assert (found["REQUEST_METHOD"], found["PATH_INFO"]) == ("GET", "/told")


def test_a_path_that_is_no_text_is_no_fault_of_ours(app: Flask):
    with behind_doors(app) as served:
        assert status(served.get("/%FF%FE")) == 404
        assert status(served.ask(b"GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n")) in (400, 404)
        assert status(served.ask("nonsense\r\n\r\n")) == 400


def test_a_connection_is_used_again_and_questions_may_come_ahead(app: Flask):
    one = b"GET /api/v1/locate HTTP/1.1\r\nHost: h\r\n\r\n"
    last = b"HEAD /told HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    with behind_doors(app) as served:
        answers = served.ask(one * 3 + last)
    assert answers.count(b"HTTP/1.1 200") == 4
    assert answers.count(b"found") == 3


def test_an_answer_that_is_held_back_takes_no_place(app: Flask):
    """As refused log-ins are, so that how long they took tells nothing."""

    @app.get("/held")
    def held() -> str:
        request.environ[bridge.NOT_BEFORE] = inf
        app.config["ASKED"].append("held")
        return "late"

    with behind_doors(app) as served:
        waiting = []
        for _ in range(3 * lanes.PAGES):
            made = served.connect()
            made.sendall(b"GET /held HTTP/1.1\r\nHost: h\r\n\r\n")
            waiting.append(made)
        assert eventually(lambda: len(app.config["ASKED"]) == len(waiting))
        assert status(served.get("/told")) == 200
        for made in waiting:
            made.setblocking(False)
            with pytest.raises(BlockingIOError):
                made.recv(1)
            made.close()


def test_forms_come_as_they_were_filled_in(app: Flask):
    @app.post("/form")
    def form() -> str:
        file = request.files["photo"]
        return f"{request.form['text']}|{file.filename}|{len(file.read())}"

    out = io.BytesIO()
    out.write(b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n\xe4\xb8\xad\r\n')
    out.write(b'--b\r\nContent-Disposition: form-data; name="photo"; filename="p.jpg"\r\n\r\n')
    out.write(b"p" * 700_000 + b"\r\n--b--\r\n")
    kind = "Content-Type: multipart/form-data; boundary=b\r\n"
    with behind_doors(app) as served:
        answer = served.ask(post("/form", out.getvalue(), headers=kind))
    assert answer.decode().endswith("中|p.jpg|700000")
