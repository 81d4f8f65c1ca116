"""Only Slack's own signature, and only for five minutes."""

import hmac
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from bot.slack.signature import genuine

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


def signed(body: bytes, timestamp: str, secret: str = SECRET) -> str:
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, sha256).hexdigest()


def test_slacks_signature_holds_for_five_minutes_either_way():
    for age, expected in ((0, True), (300, True), (-300, True), (301, False), (-301, False)):
        assert (
            genuine(SECRET, b"x", timestamp="1000000", signature=signed(b"x", "1000000"), now=1_000_000 + age)
            is expected
        )


def test_another_body_another_secret_or_no_secret_is_not_genuine():
    good = signed(b"x", "1000000")
    assert not genuine(SECRET, b"y", timestamp="1000000", signature=good, now=1_000_000)
    assert not genuine("other", b"x", timestamp="1000000", signature=good, now=1_000_000)
    assert not genuine("", b"x", timestamp="1000000", signature=signed(b"x", "1000000", ""), now=1_000_000)


@given(st.text(max_size=30), st.text(max_size=80), st.binary(max_size=40))
def test_nothing_that_is_sent_makes_it_raise(timestamp, signature, body):
    assert not genuine(SECRET, body, timestamp=timestamp, signature=signature, now=1_000_000.0)
