"""What somebody is answered who writes to the bot instead of typing a command."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from commands import helping
from commands.arguments import first_word
from commands.command import Command, Handler, Request
from commands.replies import Reply
from commands.services import Services
from commands.views.help import greeting


def greeter(commands: Sequence[Command], words: Mapping[str, Sequence[Command]]) -> Handler:
    """Return what answers a message: it starts nothing, but says which command was probably meant.

    `words` are what may follow a command, by its name.
    """
    main = commands[0]
    known = {word.name: f"/{name} {word.name}" for name, found in words.items() for word in found}
    known |= {it.name: f"/{it.name}" for it in commands}

    def heard(request: Request, services: Services) -> Reply:
        word, rest = first_word(request.text.removeprefix("/"))
        name = word if word in known else helping.meant(word, tuple(known))
        typed = f"{known[name]} {rest}".strip() if name else ""
        reply = main(replace(request, text="help"), services)
        return Reply(*greeting(typed, reply.text, reply.blocks))

    return heard
