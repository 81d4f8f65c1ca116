"""Gives hosts a wrapper without its guard: an operation that comes again is forgotten and run again. For one test."""

from deployers import ssh_wire

LINE = b'\n        look "$1"\n        if [ "$fate" = absent ] && [ -n "$stopped" ]; then'


def _without_guard(text: bytes) -> bytes:
    if text.count(LINE) != 1:
        raise RuntimeError("the wrapper was rewritten: say here again where it looks for an earlier run")
    return text.replace(LINE, b'\n        rm -rf "$ops/$1"' + LINE)


_text = _without_guard(ssh_wire.wrapper())
ssh_wire.wrapper = lambda: _text  # type: ignore[assignment]
