"""What a channel may be set to, and that its secret is never told."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from gisgrid.core.errors import Invalid
from gisgrid.db.store import transaction
from gisgrid.outbox.channels import channels, keep_channel

KEY = "a key of tests"


def test_a_channel_that_cannot_be_is_refused_in_words_and_a_secret_never_comes_back(
    engine: Engine,
):
    mail = {"host": "127.0.0.1", "sender": "grid@town.example"}
    for channel, values, words in (
        ("fax", {}, "no channel"),
        ("email", {"host": "127.0.0.1"}, "needs: sender"),
        ("email", {**mail, "port": "70000"}, "port"),
        ("email", {**mail, "security": "ssl3"}, "security"),
        ("email", {**mail, "user": "x", "security": "none"}, "starttls or tls only"),
        ("email", {**mail, "user": "x"}, "password"),
        ("email", {**mail, "colour": "x"}, "no 'colour'"),
        ("webhook", {"url": "ftp://x/"}, "http"),
        ("webhook", {"url": "https://user:key@x/"}, "http"),
        ("webhook", {"url": "https://x:port/"}, "http"),
        ("webhook", {"url": "https://x/", "template": "fax"}, "no template"),
        ("webhook", {"url": "https://x/"}, "key"),
    ):
        with pytest.raises(Invalid, match=words), transaction(engine) as session:
            keep_channel(session, channel, values, township_id=None)
    url = "http://127.0.0.1:9/send?key=hidden"
    with transaction(engine) as session:
        keep_channel(
            session, "webhook", {"url": url, "template": "wecom"}, township_id=None, secret=KEY
        )
        (kept,) = channels(session)
    assert kept.has_secret and KEY not in repr(kept)
    assert kept.config.shown == "http://127.0.0.1:9/send?…"
