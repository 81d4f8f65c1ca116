"""Where the sandbox's mails end up: a mail server that takes everything and delivers nothing."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections import deque
from dataclasses import dataclass, field
from email import message_from_bytes, policy

from bot.sandbox.background import Background

_KEPT = 500
_MAIL_BYTES = 1_000_000
_LINE_BYTES = 4096
_PATIENCE = 30.0
_NOT_NOW = "503 5.5.1 not now"
_FIXED = {
    "EHLO": f"250-sandbox\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE {_MAIL_BYTES}",
    "HELO": "250 sandbox",
    "NOOP": "250 sandbox",
    "MAIL": _NOT_NOW,
    "RCPT": _NOT_NOW,
    "DATA": _NOT_NOW,
    "QUIT": "221 2.0.0 bye",
}


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it was accepted."""

    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    raw: bytes = field(repr=False)


@dataclass(slots=True)
class _Envelope:
    """What a client has said so far about the mail it is sending."""

    sender: str | None = None
    recipients: list[str] = field(default_factory=list)


class Mailbox:
    """A small SMTP server on loopback."""

    def __init__(self) -> None:
        self._background = Background("sandbox-mail")
        self._server: asyncio.Server | None = None
        self._mails: deque[Mail] = deque(maxlen=_KEPT)
        self._faults: deque[str] = deque()
        self._silent = False
        self._lines: set[StreamWriter] = set()

    @property
    def mails(self) -> list[Mail]:
        """Return the mails that were accepted, oldest first."""
        return list(self._mails)

    @property
    def url(self) -> str:
        """Return the server's URL, as `SMTP_URL` wants it."""
        if self._server is None:
            raise RuntimeError("the mailbox was not started")
        return f"smtp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def start(self, port: int = 0) -> None:
        """Listen."""
        self._background.start()
        self._server = self._background.call(self._listen(port))

    def stop(self) -> None:
        """Stop listening; what came in stays readable."""
        if self._server:
            self._background.call(self._close(self._server))
            self._background.stop()
            self._server = None

    def refuses(self, times: int = 1, *, reply: str = "451 4.3.0 try again later") -> None:
        """Answer the next mails with a refusal after their text was sent."""
        self._faults.extend([reply] * times)

    def hangs(self, on: bool = True) -> None:
        """Accept connections from now on and say nothing, or be well again."""
        self._silent = on

    async def _listen(self, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", port, limit=_LINE_BYTES)

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        for line in list(self._lines):
            line.transport.abort()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._lines.add(writer)
        try:
            if self._silent:
                await reader.read()
            else:
                await self._talk(reader, writer)
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError):
            pass  # the client is gone, or not a mail client
        finally:
            self._lines.discard(writer)
            writer.close()

    async def _talk(self, reader: StreamReader, writer: StreamWriter) -> None:
        envelope = _Envelope()
        said = "220 sandbox ESMTP"
        while said:
            writer.write(f"{said}\r\n".encode())
            await writer.drain()
            if said.startswith("221"):
                return
            line = (await asyncio.wait_for(reader.readuntil(b"\n"), _PATIENCE)).decode("utf-8", "replace").strip()
            if line.upper() == "DATA" and envelope.recipients:
                writer.write(b"354 go on, end with a dot\r\n")
                said = self._keep(envelope, await _text(reader))
                envelope = _Envelope()
            else:
                said = _answer(line, envelope)

    def _keep(self, envelope: _Envelope, raw: bytes | None) -> str:
        if raw is None:
            return "552 5.3.4 the mail is too large"
        if self._faults:
            return self._faults.popleft()
        message = message_from_bytes(raw, policy=policy.default)
        body = message.get_body(("plain", "html"))
        text = str(body.get_content()).replace("\r\n", "\n") if body else ""
        subject = str(message.get("Subject", ""))
        self._mails.append(Mail(envelope.sender or "", tuple(envelope.recipients), subject, text, raw))
        return "250 2.0.0 kept"


def _answer(line: str, envelope: _Envelope) -> str:
    """Return the reply to one command and note what it says about the envelope."""
    word, _, rest = line.partition(" ")
    match word.upper():
        case "RSET":
            envelope.sender, envelope.recipients = None, []
        case "MAIL" if rest.upper().startswith("FROM:"):
            envelope.sender = _address(rest[5:])
        case "RCPT" if rest.upper().startswith("TO:") and envelope.sender is not None:
            envelope.recipients.append(_address(rest[3:]))
        case other:
            return _FIXED.get(other, "502 5.5.2 unknown command")
    return "250 2.1.0 ok"


def _address(words: str) -> str:
    return words.strip().split(">")[0].lstrip("<").strip()


async def _text(reader: StreamReader) -> bytes | None:
    """Read a mail's text up to the dot; None when it is too large."""
    lines: list[bytes] = []
    size = 0
    while (line := await asyncio.wait_for(reader.readuntil(b"\n"), _PATIENCE)) not in {b".\r\n", b".\n"}:
        size += len(line)
        if size <= _MAIL_BYTES:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
    return b"".join(lines) if size <= _MAIL_BYTES else None
