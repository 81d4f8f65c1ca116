"""What can be said, told from the commands themselves."""

from collections.abc import Sequence
from typing import Protocol


class Described(Protocol):
    """A command as far as help is concerned."""

    @property
    def name(self) -> str:
        """Return the word to type."""
        ...

    @property
    def usage(self) -> str:
        """Return what may follow it."""
        ...

    @property
    def help(self) -> str:
        """Return what it does."""
        ...


def overview(main: Described, words: Sequence[Described], beside: Sequence[Described] = ()) -> str:
    """Return what to type and what it does, a line each."""
    lines = [_line(f"/{main.name}", main)]
    lines += [_line(f"/{main.name} {word.name}", word) for word in words]
    lines += [_line(f"/{other.name}", other) for other in beside]
    lines.append(f"`/{main.name} help` — Show this. `/{main.name}` alone opens a form.")
    return "\n".join(lines)


def summary(help_text: str) -> str:
    """Return the first sentence of a help text."""
    return help_text.strip().splitlines()[0] if help_text.strip() else ""


def _line(begin: str, described: Described) -> str:
    return f"`{' '.join(f'{begin} {described.usage}'.split())}` — {summary(described.help)}"
