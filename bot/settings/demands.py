"""What each verb needs of the settings, beyond what every verb needs."""

from collections.abc import Iterator
from typing import Literal

from bot.settings.faults import Fault
from bot.settings.values import Settings

Verb = Literal["run", "serve", "work"]
_BOT = "Take it from *OAuth & Permissions* of your Slack app (it begins with `xoxb-`)"
_APP = "Make one under *Basic Information*, App-Level Tokens, with `connections:write` (it begins with `xapp-`)"
_SIGNING = "Take it from *Basic Information* of your Slack app"


def demands(settings: Settings, verb: Verb) -> tuple[Fault, ...]:
    """Return what is missing for `run` (everything in one process), `serve` (HTTP) or `work` (Socket Mode)."""
    return (*_slack(settings, verb), *_together(settings, verb), *_headers(settings), *_github(settings))


def _slack(settings: Settings, verb: Verb) -> Iterator[Fault]:
    outside = settings.outside
    if outside.slack_bot_token is None:
        yield Fault("SLACK_BOT_TOKEN", "it is not set", _BOT)
    if verb == "run" and outside.slack_app_token is None and outside.slack_signing_secret is None:
        yield Fault("SLACK_APP_TOKEN", "it is not set", _APP)
    if verb == "serve" and outside.slack_signing_secret is None:
        yield Fault("SLACK_SIGNING_SECRET", "it is not set, so no request could be trusted", _SIGNING)


def _together(settings: Settings, verb: Verb) -> Iterator[Fault]:
    if verb != "run" and settings.outside.sqlite:
        yield Fault(
            "DATABASE_URL",
            f"`shipmate {verb}` shares its database with other processes, and machines cannot share a SQLite file",
            "Use `shipmate run` for everything in one process, or set DATABASE_URL to a PostgreSQL database",
        )


def _headers(settings: Settings) -> Iterator[Fault]:
    for environment in settings.environments.values():
        for header, text in environment.health.headers.items() if environment.health else ():
            name = text.removeprefix("env:")
            if text.startswith("env:") and name not in settings.headers:
                wrong = f"it is not set, and the health checks of {environment.name} send it as `{header}`"
                yield Fault(name, wrong, "Set it, or remove the header from shipmate.toml")


def _github(settings: Settings) -> Iterator[Fault]:
    outside = settings.outside
    app = outside.github_app_id and outside.github_installation_id and outside.github_app_private_key
    through = [each.name for each in settings.environments.values() if each.deployer == "github"]
    if through and not (outside.github_token or app):
        wrong = f"it is not set, and {', '.join(through)} {'deploys' if len(through) == 1 else 'deploy'} through GitHub"
        instead = "Make a fine-grained token that may read contents, checks and pull requests, and write actions"
        yield Fault("GITHUB_TOKEN", wrong, f"{instead}; or configure a GitHub App")
