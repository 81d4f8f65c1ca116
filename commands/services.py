"""What commands may use; `bot/app.py` fills it in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from deployers.checklists import Posted
from deployers.environment import Environment
from deployers.legacy import AskLegacy, ask_nowhere
from deployers.ports import (
    AskChecks,
    AskPulls,
    AskWorkflow,
    Learn,
    Preflight,
    Repository,
    ask_no_pulls,
    ask_no_workflow,
    ask_nobody,
    learn_nothing,
)
from deployers.schema import AskMigrations, ask_no_database
from deployers.warming import Warm, stay_cold
from storage.models import Deployment
from storage.store import Rows, Session


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks, as Slack or the operating system knows them."""

    id: str
    """A Slack user id, or `cli:<operating-system user>` for an operator who has no Slack id."""
    name: str
    email: str = ""


class People(Protocol):
    """Who may do what, asked live.

    Every method raises `commands.errors.IdentityUnknown` when it cannot be told (fail closed).
    """

    def holds(self, person: Person, role: str) -> bool:
        """Say whether the person has the role now: by id, by e-mail, or as a live member of a user group.

        Admins have every role.
        """
        ...

    def holders(self, role: str) -> tuple[str, ...]:
        """Return mentions of who has a role, as configured: `<@U1>`, `<!subteam^S1>`; for text, never for judging."""
        ...


class Engine(Protocol):
    """What runs deployments; every method takes part in the caller's transaction."""

    def expires(self, session: Session, deployment: Deployment) -> None:
        """Start the durable timer that expires the request at `expires_at`."""
        ...

    def start(self, session: Session, deployment: Deployment) -> None:
        """Queue the deployment behind the others of its environment."""
        ...

    def nudge(self, session: Session, deployment: Deployment) -> None:
        """Wake the running deployment: an abort was written, or a step was resolved."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a command may touch."""

    store: Rows
    environments: Mapping[str, Environment]
    """By name; find one by name or alias with `commands.arguments.environment`."""
    repository: Repository
    preflight: Preflight
    people: People
    engine: Engine
    now: Callable[[], datetime]
    deployments_channel: str = "deployments"
    alerts_channel: str = "alerts"
    timezone: str = "UTC"
    """The zone of the app, in which freezes are meant."""
    ask_checks: AskChecks = ask_nobody
    learn: Learn = learn_nothing
    ask_pulls: AskPulls = ask_no_pulls
    ask_workflow: AskWorkflow = ask_no_workflow
    checklists: Posted = field(default_factory=Posted)
    """What `/ops check` looks at, and where its cards are posted."""
    ask_migrations: AskMigrations = ask_no_database
    ask_legacy: AskLegacy = ask_nowhere
    warm: Warm = stay_cold
    maintenance: timedelta = timedelta(minutes=30)
    """How long `/ops maintenance on` lasts when nobody says for how long."""
