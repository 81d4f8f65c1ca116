"""Looking: asks a target or an environment over HTTP how it is and which SHA it serves."""

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from time import monotonic
from typing import Any

import httpx

from deployers.blame import Before
from deployers.environment import Environment, Health, Host, Version
from deployers.errors import HostKeyRefused, Unreachable
from deployers.health import Look, Sample
from deployers.ports import Clock, Remote

BODY_LIMIT = 64 * 1024


class Probes:
    """Takes samples of an environment's targets, candidates and URL."""

    def __init__(
        self,
        environment: Environment,
        remote: Remote,
        clock: Clock,
        *,
        outside: Callable[[], AbstractContextManager[httpx.Client]] | None = None,
        ignored: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        """Remember what to look at; `outside` opens the client that asks the environment's URL.

        Routes that are ignored at a place are not asked there: what was not well before says nothing of a release.
        """
        self._environment = environment
        self._remote = remote
        self._clock = clock
        self._outside = outside or self._client
        self._ignored = ignored or {}

    def target(self, host: Host, sha: str) -> Sample:
        """Look at one target, from the target itself."""
        health = self._health
        base = (health.target or "http://127.0.0.1:{port}").replace("{port}", str(host.port))
        return self._sample(host.name, lambda: self._remote.http(host), base, sha)

    def candidate(self, host: Host, sha: str) -> Sample:
        """Look at a release that is served on the target's loopback before anybody is sent to it."""
        base = self._health.candidate.replace("{candidate_port}", str(host.candidate_port))
        return self._sample(host.name, lambda: self._remote.http(host), base, sha)

    def url(self, sha: str) -> Sample:
        """Look at the environment through the URL that people use."""
        return self._sample(self._environment.url, self._outside, self._environment.url, sha)

    def before(self, host: Host) -> list[Before]:
        """Return which routes of a target do not answer well now, whatever it serves."""
        base = (self._health.target or "http://127.0.0.1:{port}").replace("{port}", str(host.port))
        return self._not_well(host.name, lambda: self._remote.http(host), base)

    def before_url(self) -> list[Before]:
        """Return which routes do not answer well now through the URL that people use."""
        return self._not_well(self._environment.url, self._outside, self._environment.url)

    def _not_well(
        self, where: str, opening: Callable[[], AbstractContextManager[httpx.Client]], base: str
    ) -> list[Before]:
        try:
            with opening() as client:
                asked = _Asked(client, self._health, base.rstrip("/"))
                return [Before(where, path, why) for path in asked.routes for why in asked.complaint(path)]
        except (Unreachable, HostKeyRefused):
            return []

    @property
    def _health(self) -> Health:
        if self._environment.health is None:
            raise ValueError(f"{self._environment.name} says nothing of health")
        return self._environment.health

    def _sample(
        self, where: str, opening: Callable[[], AbstractContextManager[httpx.Client]], base: str, sha: str
    ) -> Sample:
        at = self._clock()
        try:
            with opening() as client:
                asked = _Asked(client, self._health, base.rstrip("/"), self._ignored.get(where, frozenset()))
                why = next(asked.complaints(sha), "")
        except (Unreachable, HostKeyRefused) as error:
            return Sample(where, at, Look.BLIND, str(error))
        return Sample(where, at, Look.SICK if why else Look.WELL, why, asked.slowest)

    @contextmanager
    def _client(self) -> Iterator[httpx.Client]:
        with httpx.Client(verify=_trusted(), trust_env=False) as client:
            yield client


class _Asked:
    """One look: every route that has to answer, and how long the slowest took."""

    def __init__(self, client: httpx.Client, health: Health, base: str, ignored: frozenset[str] = frozenset()) -> None:
        self._client = client
        self._ignored = ignored
        self._health = health
        self._base = base
        self.slowest = 0.0

    def complaints(self, sha: str) -> Iterator[str]:
        """Yield what is wrong, route by route."""
        for path in self.routes:
            yield from self.complaint(path)
        if self._health.version and self._health.version.path:
            yield from self._served(self._health.version, sha)

    @property
    def routes(self) -> tuple[str, ...]:
        """Return what has to answer well, besides the version."""
        paths = (self._health.path, *(component.path for component in self._health.components))
        return tuple(path for path in paths if path not in self._ignored)

    def complaint(self, path: str) -> Iterator[str]:
        """Yield what is wrong with one route."""
        answer = self._get(path)
        if isinstance(answer, str):
            yield f"{path}: {answer}"
        elif answer.status_code not in self._health.accept:
            yield f"{path} answered {answer.status_code}"

    def _served(self, version: Version, sha: str) -> Iterator[str]:
        answer = self._get(version.path)
        if isinstance(answer, str):
            yield f"{version.path}: {answer}"
            return
        said = _said(answer, version.json)
        if not (len(said) >= 7 and sha.startswith(said)):
            yield f"{version.path} names {said[:40] or 'nothing'!r}, not {sha[:12]}"

    def _get(self, path: str) -> httpx.Response | str:
        """Return the answer, or in words why there is none; bounded in time and size."""
        health, began = self._health, monotonic()
        headers = {**health.headers, **({"Host": health.host} if health.host else {})}
        seconds = health.timeout.total_seconds()
        try:
            with self._client.stream("GET", self._base + path, headers=headers, timeout=seconds) as answer:
                body = b""
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > BODY_LIMIT:
                        return f"more than {BODY_LIMIT // 1024} KiB"
                    if monotonic() - began > seconds:
                        return f"no whole answer within {seconds:g} s"
                return httpx.Response(answer.status_code, content=body)
        except httpx.TimeoutException:
            return f"no answer within {seconds:g} s"
        except httpx.HTTPError as error:
            return str(error) or type(error).__name__
        finally:
            self.slowest = max(self.slowest, monotonic() - began)


@cache
def _trusted() -> ssl.SSLContext:
    """Return whom we trust on the outside; read once, because reading every certificate holds everybody up."""
    return httpx.create_ssl_context(trust_env=False)


def _said(answer: httpx.Response, path: str) -> str:
    try:
        found: Any = answer.json() if path else answer.text
        for key in filter(None, path.split(".")):
            found = found[key]
    except (ValueError, KeyError, TypeError, IndexError):
        return ""
    return str(found).strip()
