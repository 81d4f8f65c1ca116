"""GitHub as configured: how the repository is asked, continuous integration, and the workflows that deploy."""

from threading import Event
from typing import TYPE_CHECKING

from bot.settings import Settings
from deployers.ports import (
    AskChecks,
    AskPulls,
    Clock,
    Learn,
    Preflight,
    Remote,
    Repository,
    ask_no_pulls,
    ask_nobody,
    learn_nothing,
)
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


def remote(settings: Settings, clock: Clock) -> Remote:
    """Return what runs the workflows that deploy."""
    if (way := door(settings)) is None:
        raise ValueError("an environment deploys through GitHub, and there is no GITHUB_TOKEN")
    from deployers.github_remote import GitHubRemote
    from deployers.github_runs import Runs

    return GitHubRemote(Runs(way, clock, pause=_pause))


def preflight(settings: Settings, others: Preflight) -> Preflight:
    """Return what looks at the workflows that deploy, and at everything else as before."""
    if (way := door(settings)) is None:
        return others
    from deployers.github_preflight import GitHubPreflight

    return GitHubPreflight(way, others)


def _pause(seconds: float) -> None:
    Event().wait(seconds)
