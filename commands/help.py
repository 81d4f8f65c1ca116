"""`docs/commands.md`, written from the registry."""

from collections.abc import Iterator, Sequence

from commands.command import Command
from commands.registry import COMMANDS, FAMILIES

HEAD = """# Commands

Everything that can be typed in Slack. The command line knows the same words (`shipmate deploy …`).
This page is written from the code: `python -m commands.help > docs/commands.md`.

- Words come in any order, and names in any case; an environment's aliases work like its name.
- `--reason` takes a sentence: in quotes anywhere, without quotes at the end.
- Curly quotes, long dashes and non-breaking spaces, as phones type them, are understood.
- A refusal is private. It says which gate, why, since when, who can clear it, and what to type next.
"""


def page() -> str:
    """Return the page that describes every command."""
    told = (part for command in COMMANDS for part in _family(command, FAMILIES.get(command.name, ())))
    return "\n\n".join([HEAD.strip(), *told]) + "\n"


def _family(main: Command, words: Sequence[Command]) -> Iterator[str]:
    yield _described(main, f"/{main.name}", "##")
    for word in words:
        yield _described(word, f"/{main.name} {word.name}", "###")
    if words:
        yield f"### `/{main.name} help`\n\nShow all of this in Slack."


def _described(command: Command, typed: str, level: str) -> str:
    return f"{level} `{typed}`\n\n```\n{f'{typed} {command.usage}'.strip()}\n```\n\n{command.help.strip()}"


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
