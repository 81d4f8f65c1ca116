"""What can be said, told from the commands themselves."""

from collections.abc import Sequence

from commands.replies import Block
from commands.views.blocks import code, message, section, small

UNSURE = "I could not check your roles, so this is everything there is; what you may do is judged when you type it."
ABOUT = "I ship your releases, watch them, and bring them back when they go wrong."
HOW = "I act on slash commands only, here and in every channel."
FORM = "A bare `/deploy` or `/rollback` opens a form. Words come in any order."


def page(lines: Sequence[tuple[str, str]], *notes: str) -> tuple[str, tuple[Block, ...]]:
    """Return what can be typed and what it does, as text and as blocks."""
    told = [f"{code(typed)}\n{summary(what)}" for typed, what in lines]
    text = "\n".join([*(it.replace("\n", " — ", 1) for it in told), *(it for it in notes if it)])
    return text, message(section("*What you can type*"), *(section(it) for it in told), small(*notes))


def greeting(typed: str, text: str, blocks: Sequence[Block]) -> tuple[str, tuple[Block, ...]]:
    """Return the answer to a message: the command that was probably meant, or who I am and all that can be typed."""
    if typed:
        said = f"{HOW} You probably mean {code(typed)}. All that you can type: `/deploy help`"
        return said, message(section(said))
    said = f"{ABOUT} {HOW}"
    return f"{said}\n{text}", message(section(f":wave: {said}"), *blocks)


def standing(held: frozenset[str], others: Sequence[tuple[str, str]]) -> str:
    """Return which roles somebody has, and whom to ask for what they may not do."""
    names = "`admin`, which is every role" if "admin" in held else ", ".join(code(it) for it in sorted(held))
    mine = f"Your roles: {names}." if names else "You have no role here yet, so you can look and not touch."
    ask = " ".join(f"To {what}, ask {who}." for what, who in others if who)
    if not names and not ask:
        ask = "An admin gives roles below `[roles]` in `shipmate.toml`."
    return f"{mine} {ask}".strip()


def summary(help_text: str) -> str:
    """Return the first line of a help text."""
    return help_text.strip().splitlines()[0] if help_text.strip() else ""
