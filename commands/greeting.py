"""What somebody is answered who writes to the bot instead of typing a command."""

from collections.abc import Sequence
from dataclasses import replace

from commands import helping
from commands.arguments import first_word
from commands.command import Command, Handler, Request
from commands.replies import Reply
from commands.services import Services
from commands.views.help import greeting


def greeter(commands: Sequence[Command], words: Sequence[Command]) -> Handler:
    """Return what answers a message: it starts nothing, but says which command was probably meant."""
    main = commands[0]
    known = {it.name: f"/{it.name}" for it in commands} | {it.name: f"/{main.name} {it.name}" for it in words}

    def heard(request: Request, services: Services) -> Reply:
        word, rest = first_word(request.text.removeprefix("/"))
        name = word if word in known else helping.meant(word, tuple(known))
        typed = f"{known[name]} {rest}".strip() if name else ""
        reply = main(replace(request, text="help"), services)
        return Reply(*greeting(typed, reply.text, reply.blocks))

    return heard
