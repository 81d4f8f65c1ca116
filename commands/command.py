"""What a command is: a request in, a reply out, and the words that describe it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import getdoc
from typing import Any, Literal

from commands.replies import Reply
from commands.services import Person, Services


@dataclass(frozen=True, slots=True)
class Request:
    """What one person asked, after it was persisted and acknowledged."""

    name: str
    """`deploy`, an action id such as `deployment.approve`, or a modal's callback id."""
    person: Person
    text: str = ""
    """What stood behind the slash command."""
    value: str = ""
    """A button's value: `<deployment id>:<plan hash>`; a modal's private metadata."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """A modal's answers by block id."""
    channel: str = ""
    origin: Literal["slack", "cli"] = "slack"
    key: str = ""
    """The inbox key, or a random one for the command line: the same request twice has the same key."""


Handler = Callable[[Request, Services], Reply]


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command with its usage; call it with a request and the services."""

    name: str
    usage: str
    help: str
    handler: Handler
    needs: tuple[str, ...] = ()
    """Roles of which one is needed, for help to show it to; empty for everybody. The command itself judges."""

    def __call__(self, request: Request, services: Services) -> Reply:
        """Run the command."""
        return self.handler(request, services)


def command(usage: str, *, needs: tuple[str, ...] = ()) -> Callable[[Handler], Command]:
    """Make a function a slash command of its own name, with its docstring as help; registers nothing."""

    def decorate(handler: Handler) -> Command:
        return Command(handler.__name__, usage, getdoc(handler) or "", handler, needs)

    return decorate


@dataclass(frozen=True, slots=True)
class Action:
    """What a button (`opens` is None), a button that opens a modal, or a submitted modal does."""

    name: str
    handler: Handler

    def __call__(self, request: Request, services: Services) -> Reply:
        """Run the action."""
        return self.handler(request, services)


@dataclass(frozen=True, slots=True)
class Modal:
    """A button or bare command that opens a modal at once.

    `view` is pure, needs no look-up and returns Slack's view JSON.
    """

    name: str
    """The action id of the button, or the name of the slash command that opens it when it has no text."""
    view: Callable[[Request, "Services"], dict[str, Any]]
