"""`/ops prs`: what waits to be merged, for whoever plans the week."""

from commands import arguments
from commands.auditing import audited
from commands.command import Request, command
from commands.errors import Refused
from commands.replies import Reply
from commands.services import Services
from commands.views.blocks import code
from commands.views.prs import shown


@command("")
@audited
def prs(request: Request, services: Services) -> Reply:
    """Show the open pull requests, each with what its checks say and its age; only you see it."""
    words = arguments.parse(request.text, arguments.Grammar()).words
    if words:
        raise Refused(f"I do not know what {code(' '.join(words))} means there.", "Type `/ops prs` alone.", "arguments")
    text, blocks = shown(services.ask_pulls(), services.now())
    return Reply(text, blocks)
