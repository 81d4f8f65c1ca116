"""GitHub as configured: how the repository is asked, continuous integration, and the workflows that deploy."""

from collections.abc import Callable, Mapping
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from bot.settings import Settings
from bot.webhook import Ear
from deployers.environment import Environment
from deployers.plan import Run
from deployers.ports import (
    AskChecks,
    AskPulls,
    AskWorkflow,
    Clock,
    Learn,
    Preflight,
    Remote,
    Repository,
    ask_no_pulls,
    ask_no_workflow,
    ask_nobody,
    learn_nothing,
)
from storage import approvals, deployments, steps
from storage.errors import StorageError
from storage.models import Decision
from storage.store import Store

if TYPE_CHECKING:
    from deployers.github_api import Door


def door(settings: Settings) -> "Door | None":
    """Return the way into GitHub where `app.repository` and a token or an App are configured; the token goes first."""
    outside, name = settings.outside, settings.app.repository
    app, installation, secret = outside.github_app_id, outside.github_installation_id, outside.github_app_private_key
    if not name or not (outside.github_token or (app and installation and secret)):
        return None
    from deployers.github_api import AppKey, Door

    if outside.github_token:
        return Door(name, outside.github_token.get_secret_value(), outside.github_api_url)
    key = secret.get_secret_value() if secret else ""
    return Door(name, AppKey(app, installation, key), outside.github_api_url)


def repository(settings: Settings) -> Repository | None:
    """Return the repository as GitHub knows it; None where plain git has to do."""
    if (way := door(settings)) is None:
        return None
    from deployers.github import GitHubRepository

    return GitHubRepository(way)


def ask_checks(settings: Settings, store: Store, clock: Clock) -> AskChecks:
    """Return who asks continuous integration."""
    if (way := door(settings)) is None:
        return ask_nobody
    from deployers.github_checks import Ci, GitHubChecks

    return Ci(store, GitHubChecks(way), clock).refresh


def learn(settings: Settings) -> Learn:
    """Return who knows more about commits than git."""
    if (way := door(settings)) is None:
        return learn_nothing
    from deployers.github_pulls import GitHubPulls

    return GitHubPulls(way).learn


def ask_pulls(settings: Settings) -> AskPulls:
    """Return who knows the open pull requests."""
    if (way := door(settings)) is None:
        return ask_no_pulls
    from deployers.github_open import GitHubOpen

    return GitHubOpen(way).ask


def ear(settings: Settings, store: Store, clock: Clock, asked: AskChecks) -> Ear:
    """Return what keeps what GitHub tells by itself."""
    required = sorted({name for each in settings.environments.values() for name in each.required_checks})

    def checked(sha: str) -> None:
        # Only what somebody waits for: GitHub answers so often an hour, and deployments need its answers.
        with store.look() as session:
            awaited = any(it.sha == sha for it in deployments.unfinished(session))
        if awaited:
            asked(sha, required)

    return Ear(store, clock, settings.app.repository, checked)


def remote(settings: Settings, clock: Clock, store: Store, environment: Environment) -> Remote:
    """Return what runs the workflow that deploys an environment."""
    if (way := door(settings)) is None:
        raise ValueError("an environment deploys through GitHub, and there is no GITHUB_TOKEN")
    from deployers.github_follow import House
    from deployers.github_remote import GitHubRemote
    from deployers.github_runs import Runs

    house = House(
        environment.name,
        usual=partial(_usual, store, environment.name),
        approval=partial(_approval, store),
        rest=Ear(store, clock, settings.app.repository).rest(_pause),
    )
    return GitHubRemote(Runs(way, clock, pause=_pause), house)


def _usual(store: Store, environment: str) -> Mapping[str, float]:
    """Return how many seconds the jobs of an environment's workflow take; nothing while nobody can say."""
    from deployers.github_words import usual

    try:
        with store.look() as session:
            return usual(steps.outputs(session, environment, Run.word))
    except StorageError:
        return {}


def _approval(store: Store, mark: str) -> str:
    """Return by whom a deployment was approved here, as a sentence; empty when nobody did, or nobody can say."""
    try:
        with store.look() as session:
            deployment = next((it for it in deployments.unfinished(session) if it.mark == mark), None)
            given = approvals.given(session, deployment.number) if deployment else []
    except StorageError:
        return ""
    if deployment and deployment.automatic:
        return f"Going back by itself, as deployment #{deployment.undoes} was approved"
    names = [each.name or each.person for each in given if each.decision is Decision.APPROVED]
    return (
        f"Approved by {' and '.join(names)} in Slack, deployment #{deployment.number}" if deployment and names else ""
    )


def ask_workflow(settings: Settings, clock: Clock) -> AskWorkflow:
    """Return who knows the files of the workflows that deploy."""
    if (way := door(settings)) is None:
        return ask_no_workflow
    from deployers.github_file import WorkflowFiles
    from deployers.github_runs import Runs

    return WorkflowFiles(Runs(way, clock, pause=_pause)).of


def shipping(settings: Settings, store: Store, clock: Clock, epoch: Callable[[], int]) -> Callable[[], object] | None:
    """Return what tells GitHub of deployments, where there is a way in and somebody wants it."""
    if not settings.app.list_deployments or (way := door(settings)) is None:
        return None
    from bot.shipping import Shipping
    from deployers.github_shipments import Shipments

    return Shipping(store, Shipments(way), clock, epoch, settings.environments).tell


def preflight(settings: Settings, others: Preflight) -> Preflight:
    """Return what looks at the workflows that deploy, and at everything else as before."""
    if (way := door(settings)) is None:
        return others
    from deployers.github_preflight import GitHubPreflight

    return GitHubPreflight(way, others)


def _pause(seconds: float) -> None:
    Event().wait(seconds)
