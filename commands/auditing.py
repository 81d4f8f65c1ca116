"""Every refusal leaves a trace, and foreign errors become sentences that ping nobody."""

from functools import wraps

from commands.command import Handler, Request
from commands.errors import CommandError, Refused
from commands.replies import Reply
from commands.services import Services
from commands.views.blocks import escape
from deployers.errors import DeployError
from storage import audit
from storage.errors import NotFound

MOST_TEXT = 500


def audited(handler: Handler) -> Handler:
    """Write down what was refused, to whom and by which code; what was done is written where it is done."""

    @wraps(handler)
    def asked(request: Request, services: Services) -> Reply:
        try:
            reply = handler(request, services)
        except CommandError as error:
            write_down(request, services, error.code, str(error))
            raise
        except (DeployError, NotFound) as error:
            refused = Refused(sentence(escape(str(error))), code=error.code)
            write_down(request, services, refused.code, str(refused))
            raise refused from error
        if not reply.ok:
            write_down(request, services, reply.code, reply.text)
        return reply

    return asked


def sentence(text: str) -> str:
    """Return the text with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


def write_down(request: Request, services: Services, code: str, why: str) -> None:
    """Write down that something was refused, to whom and why."""
    with services.store.begin() as session:
        audit.record(
            session,
            actor=request.person.id,
            action="command.refused",
            subject=f"command:{request.name}",
            detail={
                "asked": (request.text or request.value)[:MOST_TEXT],
                "code": code,
                "why": why[:MOST_TEXT],
                "origin": request.origin,
                "key": request.key,
            },
            at=services.now(),
        )
