"""Gives hosts a wrapper without its guard: an operation that comes again is forgotten and run again. For one test."""

from deployers import ssh_wire

LINE = b"\n    while [ $# -ge 3 ]; do\n"


def _without_guard(text: bytes) -> bytes:
    if text.count(LINE) != 1:
        raise RuntimeError("the wrapper was rewritten: say here again where it takes one operation after the other")
    return text.replace(LINE, LINE + b'        rm -rf "$ops/$1"\n')


_text = _without_guard(ssh_wire.wrapper())
ssh_wire.wrapper = lambda: _text  # type: ignore[assignment]
