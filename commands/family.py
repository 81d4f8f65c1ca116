"""A slash command with words of its own: `/deploy status`, `/deploy history`, and `/deploy help` from all of them."""

from collections.abc import Sequence
from dataclasses import replace

from commands import helping
from commands.arguments import first_word
from commands.command import Command, Request
from commands.errors import Refused
from commands.replies import Reply
from commands.services import Services
from commands.views.blocks import code

HELP = "help"
_NOT_UNDERSTOOD = frozenset({"arguments", "environment", "ref"})
"""Refusals after which a word was perhaps mistyped."""


def family(main: Command, words: Sequence[Command], *, beside: Sequence[Command] = ()) -> Command:
    """Return the command that runs one of its words, or itself when the text begins with none of them."""
    by_name = {word.name: word for word in words}

    def handle(request: Request, services: Services) -> Reply:
        word, rest = first_word(request.text)
        if word == HELP or not word:
            return helping.page(request.person, services, main, words, beside)
        if word in by_name:
            return by_name[word](replace(request, text=rest), services)
        try:
            return main(request, services)
        except Refused as refused:
            near = helping.meant(word, (*by_name, HELP, *services.environments))
            if not near or near in services.environments or refused.code not in _NOT_UNDERSTOOD:
                raise
            typed = f"/{main.name} {near} {rest}".strip()
            raise Refused(f"I do not know {code(word)}.", f"Did you mean {code(typed)}?", refused.code) from refused

    return Command(main.name, main.usage, main.help, handle, main.needs)
