"""One JSON object a line, with the deployment's id and no secret."""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

_TOKENS = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|gh[pousr]_\w+|github_pat_\w+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)|(?<=Bearer )[\w.~+/=-]+",
    re.DOTALL,
)
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_MOST = 20_000
_deployment: ContextVar[int | None] = ContextVar("deployment", default=None)


@contextmanager
def about(deployment: int) -> Iterator[None]:
    """Name the deployment in every line that is logged meanwhile, in this thread or task."""
    token = _deployment.set(deployment)
    try:
        yield
    finally:
        _deployment.reset(token)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text with known secrets, and whatever has the shape of a token, as `***`."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return _TOKENS.sub("***", text)


class Lines(logging.Formatter):
    """Writes a record as one JSON object on one line; it never raises for what it is given."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Remember what must never be written; a multi-line secret is known by its lines too."""
        super().__init__()
        given = {secret for secret in secrets if len(secret) >= 4}
        self._secrets = given | {line for secret in given for line in secret.splitlines() if len(line) >= 16}

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _message(record),
        }
        if (deployment := _deployment.get()) is not None:
            line["deployment"] = deployment
        line |= {key: value for key, value in vars(record).items() if key not in _OWN and key not in line}
        if record.exc_info:
            line["exception"] = "".join(traceback.format_exception(*record.exc_info))
        if record.stack_info:
            line["stack"] = record.stack_info
        return json.dumps(self._clean(line), ensure_ascii=False, default=str)

    def _clean(self, value: Any) -> Any:
        match value:
            case None | bool() | int() | float():
                return value
            case dict():
                return {redact(str(key), self._secrets): self._clean(each) for key, each in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._clean(each) for each in value]
            case _:
                text = redact(_text(value), self._secrets)
                return text if len(text) <= _MOST else f"{text[:_MOST]}… ({len(text)} characters)"


def setup(secrets: Iterable[str] = (), *, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send every log line of the process to standard error, or to the stream, as JSON."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Lines(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for chatty in ("paramiko", "httpx", "apscheduler", "slack_bolt", "slack_sdk", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"{record.msg} {record.args}"


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - a value that cannot be printed must not cost the line
        return f"<{type(value).__name__} that cannot be printed: {type(error).__name__}>"
