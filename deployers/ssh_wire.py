"""What is said to a host's step wrapper and what it answers, as text: built and read here, carried elsewhere."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from re import compile as pattern
from shlex import quote

from deployers.ports import Fate, Operation, Record

HELLO = b"shipmate"
"""The wrapper's first line; what a login shell prints before it is nobody's business."""
END = b"."
LIMIT = 100 * 1024
"""No line of the wrapper is longer: 64 KiB of output in base64, and the rest of a record."""
_BEAT = b"~\n"
_FOLDER = ".shipmate"
_ID = pattern(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Garbled(ValueError):
    """A host said something that the wrapper never says."""


@cache
def wrapper() -> bytes:
    """Return the text of the wrapper that hosts are given."""
    package = files("deployers")
    return b"\n".join((package / name).read_bytes() for name in ("wrapper.sh", "wrapper_host.sh"))


@cache
def wrapper_name() -> str:
    """Return the wrapper's file name, which changes with its text."""
    return f"wrapper-{sha256(wrapper()).hexdigest()[:16]}.sh"


def folder(path: str) -> str:
    """Return where on the hosts the wrapper and its records live, for a place that may be relative to the home."""
    return f"{path.removeprefix('~/').rstrip('/')}/{_FOLDER}"


def say(path: str, verb: str, *words: str) -> str:
    """Return the command line that tells the wrapper something; exits 1 without a word where there is no wrapper."""
    script = quote(f"{folder(path)}/{wrapper_name()}")
    told = " ".join(quote(word) for word in (verb, *words))
    return f"test -f {script} && exec sh {script} {told} 2>/dev/null"


def put(path: str) -> str:
    """Return the command line that puts the wrapper in place, whole or not at all; its text goes in on stdin."""
    script = (
        'umask 077 && mkdir -p "$1" && new=$1/.put.$$ && cat >"$new" && echo "$3  $new" | sha256sum -c >/dev/null'
        ' && chmod 700 "$1" && mv "$new" "$1/$2" && echo placed'
    )
    words = (script, "sh", folder(path), wrapper_name(), sha256(wrapper()).hexdigest())
    return "exec sh -c " + " ".join(quote(word) for word in words) + " 2>&1"


def read_only(seconds: int) -> str:
    """Return the command line that runs the script on its stdin for at most so long; it reads nothing itself."""
    inner = quote('script=$(cat); exec sh -c "$script" </dev/null 2>&1')
    return f"exec timeout -k 5 {seconds} sh -c {inner}"


def batch(operations: Sequence[Operation]) -> bytes:
    """Return operations as the wrapper reads them.

    Raises:
        ValueError: an id that is not one, or one that occurs twice.
    """
    ids = [operation.id for operation in operations]
    if len(set(ids)) != len(ids) or not all(map(_ID.fullmatch, ids)):
        raise ValueError(f"not a batch of operations: {', '.join(ids)}")
    lines = [
        f"{operation.id} {max(1, round(operation.deadline.total_seconds()))} {packed(operation.script or ':')}"
        for operation in operations
    ]
    return "\n".join([*lines, ".", ""]).encode()


def packed(text: str) -> str:
    """Return text in base64."""
    return b64encode(text.encode()).decode()


def unpacked(word: str) -> str:
    """Return what is in base64, whatever its bytes are; a hyphen stands for nothing."""
    return "" if word == "-" else b64decode(word).decode(errors="replace")


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield whole lines without their ends, with heartbeats taken out wherever they fell.

    Raises:
        Garbled: a line without an end.
    """
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).replace(_BEAT, b"").split(b"\n")
        yield from whole
        if len(rest) > LIMIT:
            raise Garbled("a line without an end")


def record(line: bytes) -> Record:
    """Return the record that a line of the wrapper tells.

    Raises:
        Garbled: it tells none.
    """
    try:
        _, id_, fate, code, size, digest, token, why, end = line.decode("ascii").split(" ", 8)
        return Record(
            id_,
            Fate(fate),
            exit_code=None if code == "-" else int(code),
            output=unpacked(end or "-"),
            output_bytes=int(size),
            output_sha256="" if digest == "-" else digest,
            token=int(token),
            why=unpacked(why),
        )
    except ValueError as error:
        raise Garbled(line[:80].decode(errors="replace")) from error
