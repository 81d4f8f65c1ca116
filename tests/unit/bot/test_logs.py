"""A log line is one JSON object, names the deployment, and holds no secret."""

import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.logs import Lines, about, redact, setup

SECRET = "s3cr3t-signing-value"


@pytest.fixture
def log():
    """Return a logger and a function that returns what it wrote, line by line."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines([SECRET, "-----BEGIN KEY-----\nline-of-a-private-key\n-----END KEY-----", ""]))
    logger = logging.getLogger("sample")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.DEBUG)
    return logger, lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_says_when_what_and_how_bad(log):
    logger, written = log
    logger.warning("host %s is slow", "web1", extra={"seconds": 3})
    (line,) = written()
    assert (line["level"], line["event"], line["seconds"]) == ("warning", "host web1 is slow", 3)
    assert line["ts"].endswith("+00:00")


def test_a_line_names_the_deployment_it_is_about(log):
    logger, written = log
    with about(42):
        logger.info("inside")
    logger.info("outside")
    assert [line.get("deployment") for line in written()] == [42, None]


def test_a_traceback_stays_on_one_line_and_holds_no_secret(log):
    logger, written = log
    try:
        int(f"{SECRET} xoxb-1-abc")
    except ValueError:
        logger.exception("it failed")
    (line,) = written()
    assert "'*** ***'" in line["exception"]


@pytest.mark.parametrize(
    "secret",
    [
        SECRET,
        "xoxb-123-abc",
        "xapp-1-A0-1",
        "ghp_abcdef012345",
        "github_pat_11AA_bb",
        "line-of-a-private-key",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----",
    ],
)
def test_no_field_holds_a_secret(log, secret):
    logger, written = log
    deep = {"list": [{"it": f"<{secret}>"}], secret: 1, "bytes": secret.encode()}
    logger.info("said %s", secret, extra={"detail": deep, "other": (secret,)})
    assert secret not in json.dumps(written()).replace("\\n", "\n")


def test_a_password_in_an_address_is_not_written():
    assert redact("postgresql://u:pa55@db/x and https://host/path") == "postgresql://***@db/x and https://host/path"


def test_what_cannot_be_printed_does_not_cost_the_line():

    class Odd:
        def __str__(self) -> str:
            raise RuntimeError

    record = logging.makeLogRecord({"msg": "odd %d", "args": ("no number",), "value": Odd(), "more": object})
    line = json.loads(Lines().format(record))
    assert "cannot be printed" in line["value"]
    assert "no number" in line["event"]


def test_a_huge_value_is_cut(log):
    logger, written = log
    logger.info("x" * 100_000)
    assert len(written()[0]["event"]) < 21_000


@given(st.text())
def test_whatever_is_logged_stays_one_json_object(text):
    record = logging.makeLogRecord({"msg": text, "extra": text, "created": 0.0})
    line = Lines().format(record)
    assert "\n" not in line
    assert json.loads(line)["level"]


def test_starting_sends_every_logger_to_the_stream(monkeypatch):
    stream = io.StringIO()
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    setup([SECRET], stream=stream)
    logging.getLogger("some.where").info("with %s", SECRET)
    logging.captureWarnings(False)
    assert json.loads(stream.getvalue())["event"] == "with ***"
