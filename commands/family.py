"""A slash command with words of its own: `/deploy status`, `/deploy history`, and `/deploy help` from all of them."""

from collections.abc import Sequence
from dataclasses import replace

from commands.arguments import first_word
from commands.command import Command, Request
from commands.replies import Reply
from commands.services import Services
from commands.views.help import overview


def family(main: Command, words: Sequence[Command], *, beside: Sequence[Command] = ()) -> Command:
    """Return the command that runs one of its words, or itself when the text begins with none of them."""
    by_name = {word.name: word for word in words}

    def handle(request: Request, services: Services) -> Reply:
        word, rest = first_word(request.text)
        if word == "help" or not word:
            return Reply(overview(main, words, beside))
        if word in by_name:
            return by_name[word](replace(request, text=rest), services)
        return main(request, services)

    return Command(main.name, main.usage, main.help, handle)
