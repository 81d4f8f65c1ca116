"""One conversation with a host's wrapper: put in place when it is missing, told its work, listened to."""

from collections.abc import Iterator
from time import monotonic

import paramiko

from deployers import ssh_wire
from deployers.errors import NoRoom, Unreachable
from deployers.ssh_line import Line, Lost

CHUNK = 64 * 1024
OUTPUT = 8 * 1024 * 1024
"""No batch tells more: 64 KiB in base64 for each of its operations, and signs of life for hours."""


class Missing(Exception):
    """There is no wrapper of this version yet."""


def hold(line: Line, path: str, words: tuple[str, ...], stdin: bytes, until: float) -> Iterator[bytes]:
    """Yield the lines between the wrapper's first and last.

    Raises:
        Lost: the connection broke, or the wrapper did; asking again does no harm.
        Unreachable: it took longer than it may, or the wrapper cannot be put in place.
        NoRoom: the host's disk has no room for the wrapper.
    """
    try:
        yield from _once(line, path, words, stdin, until)
    except Missing:
        place(line, path)
        try:
            yield from _once(line, path, words, stdin, until)
        except Missing as error:
            raise Lost("the wrapper did not answer") from error


def place(line: Line, path: str) -> None:
    """Put the wrapper in place."""
    with line.session(ssh_wire.put(path)) as channel:
        channel.sendall(ssh_wire.wrapper())
        channel.shutdown_write()
        said = b""
        while (chunk := channel.recv(CHUNK)) and len(said) < CHUNK:
            said += chunk
        exit_code = status(channel)
    words = said.decode(errors="replace").strip()
    if exit_code != 0 or not words.endswith("placed"):
        where = ssh_wire.folder(path)
        if "No space left" in words:
            raise NoRoom(line.host.name, f"the disk below {where} is full")
        raise Unreachable(line.host.name, f"{where} cannot be written: {words[-300:] or f'exit {exit_code}'}")


def status(channel: paramiko.Channel) -> int:
    """Return the exit code of a command that has ended.

    Raises:
        EOFError: the connection ended first.
    """
    if not channel.status_event.wait(10) or channel.exit_status == -1:
        raise EOFError("no exit code came")
    return channel.exit_status


def _once(line: Line, path: str, words: tuple[str, ...], stdin: bytes, until: float) -> Iterator[bytes]:
    with line.session(ssh_wire.say(path, *words)) as channel:
        channel.sendall(stdin)
        channel.shutdown_write()
        said = ssh_wire.lines(_heard(line, channel, until))
        try:
            greeted = any(words == ssh_wire.HELLO for words in said)
            if greeted:
                yield from _told(said)
                return
        except ssh_wire.Garbled as error:
            raise Unreachable(line.host.name, f"its wrapper says what it never says: {error}") from error
        if not channel.status_event.wait(10) or channel.exit_status in (1, -1):
            raise Missing  # some servers lose the exit code of who leaves before all was said
    raise Lost(f"the wrapper broke off (exit {channel.exit_status})")


def _told(said: Iterator[bytes]) -> Iterator[bytes]:
    for words in said:
        if words == ssh_wire.END:
            return
        yield words
        if words.startswith(b"!"):
            return
    raise Lost("the wrapper broke off")


def _heard(line: Line, channel: paramiko.Channel, until: float) -> Iterator[bytes]:
    size = 0
    while chunk := channel.recv(CHUNK):
        size += len(chunk)
        if size > OUTPUT or monotonic() > until:
            why = "it says too much" if size > OUTPUT else "its steps take longer than their deadlines"
            raise Unreachable(line.host.name, why)
        yield chunk
