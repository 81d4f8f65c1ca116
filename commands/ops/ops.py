"""`/ops` without one of its words."""

from commands.arguments import first_word
from commands.auditing import audited
from commands.command import Request, command
from commands.errors import Refused
from commands.replies import Reply
from commands.services import Services
from commands.views.blocks import code


@command("check|maintenance|backup|drill|prs|help")
@audited
def ops(request: Request, services: Services) -> Reply:
    """Look after what is deployed."""
    word, _ = first_word(request.text)
    raise Refused(f"I do not know `/ops` {code(word)}.", "Type `/ops help` to see what I do.", "arguments")
