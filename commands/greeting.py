"""What somebody is answered who writes to the bot instead of typing a command."""

from commands.command import Request
from commands.replies import Reply
from commands.services import Services


def heard(request: Request, services: Services) -> Reply:
    """Say what I am for and what to type; a message starts nothing."""
    return Reply("I listen to slash commands, here and in every channel. Type `/deploy help` to see what you can do.")
