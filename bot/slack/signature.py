"""Whether a request was really sent by Slack: judged over the raw bytes, before anything is parsed."""

import hmac
from hashlib import sha256

WINDOW_SECONDS = 300


def genuine(secret: str, body: bytes, *, timestamp: str, signature: str, now: float) -> bool:
    """Say whether the signature over the body is Slack's and not older than five minutes; never raises."""
    if not secret or not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        return False
    if abs(now - int(timestamp)) > WINDOW_SECONDS:
        return False
    base = b"v0:" + timestamp.encode() + b":" + body
    expected = "v0=" + hmac.new(secret.encode(), base, sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())
