"""Try everything that the configuration names, and say of each what to do: the engine of `shipmate check`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import httpx

from bot.check import numbers, places, slack
from bot.check.results import Grade, Result, exit_code, lines, verdict
from bot.check.trying import Attempt, examine
from bot.settings.values import Settings
from deployers.environment import Environment
from deployers.legacy import AskLegacy, ask_nowhere
from deployers.ports import Preflight, Remote, Repository
from storage.store import Store

__all__ = ["Grade", "Result", "Tools", "attempts", "check", "examine", "exit_code", "lines", "verdict"]

DEADLINE = 45.0
"""Seconds for everything together."""


def unreached(environment: Environment) -> Remote:
    """Stand where there is no way to the hosts."""
    raise RuntimeError(f"there is no way to the hosts of {environment.name}")


@dataclass(frozen=True, slots=True)
class Tools:
    """What is tried with; each is built when it is needed, so that one that cannot be built is a result of its own."""

    store: Callable[[], Store]
    repository: Callable[[], Repository]
    preflight: Callable[[], Preflight]
    http: httpx.Client
    legacy: AskLegacy = ask_nowhere
    remote: Callable[[Environment], Remote] = unreached


def attempts(settings: Settings, tools: Tools) -> Iterator[Attempt]:
    """Yield everything there is to try."""
    http = tools.http
    secrets = {name: secret.get_secret_value() for name, secret in settings.headers.items()}
    url = "Set DATABASE_URL to a database that this machine reaches"
    yield Attempt("configuration", settings.path.name, partial(places.configuration, settings))
    yield Attempt("database", "DATABASE_URL", lambda: places.database(tools.store()), url)
    net = f"Can this machine reach {settings.outside.slack_api_url}?"
    for name, look in (("bot token", slack.token), ("requests", slack.socket), ("channels", slack.channels)):
        yield Attempt("slack", name, partial(look, settings, http), net)
    yield Attempt(
        "github", settings.app.repository, partial(places.github, settings, http), "Can this machine reach GitHub?"
    )
    git = "Give Shipmate's key read access to the repository, or correct app.git"
    yield Attempt("repository", settings.app.git, lambda: places.repository(settings, tools.repository()), git)
    yield Attempt("hosts", "key", partial(places.key, settings))
    for environment in settings.environments.values():
        look = partial(lambda each: places.hosts(each, tools.preflight()), environment)
        yield Attempt("hosts", environment.name, look, "Can this machine reach the hosts over SSH?")
        others = partial(places.old_backups, environment, tools.legacy)
        yield Attempt("backups", environment.name, others, "Can this machine reach the hosts over SSH?")
        serves = partial(lambda name: places.serves(tools.store(), name), environment.name)
        yield Attempt("health", environment.name, partial(places.health, environment, http, secrets, serves=serves))
        told = partial(lambda each: numbers.numbers(each, tools.store(), tools.remote, secrets), environment)
        yield Attempt(numbers.AREA, environment.name, told, "Can this machine reach the hosts, or Prometheus?")


def check(
    settings: Settings, tools: Tools, say: Callable[[str], None], *, as_json: bool = False, seconds: float = DEADLINE
) -> int:
    """Try everything, say each result as it comes, and return the exit code."""
    results: list[Result] = []
    for result in examine(tuple(attempts(settings, tools)), seconds=seconds):
        results.append(result)
        for line in lines([result], as_json=as_json):
            say(line)
    if not as_json:
        say(verdict(results))
    return exit_code(results)
