"""`docs/commands.md`, written from the registry."""

from commands.command import Command
from commands.registry import COMMANDS, WORDS

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
    deploy, *others = COMMANDS
    words = [_described(word, f"/deploy {word.name}", "###") for word in WORDS]
    rest = [_described(other, f"/{other.name}", "##") for other in others]
    helped = "### `/deploy help`\n\nShow all of this in Slack."
    return "\n\n".join([HEAD.strip(), _described(deploy, "/deploy", "##"), *words, helped, *rest]) + "\n"


def _described(command: Command, typed: str, level: str) -> str:
    return f"{level} `{typed}`\n\n```\n{typed} {command.usage}\n```\n\n{command.help.strip()}"


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
