"""How GitHub is asked: PyGithub without its sleeping and retrying, a deadline over everything, errors in our words.

PyGithub takes a second to import, so this module is imported only where GitHub is used.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from github import Auth, Github
from github.GithubException import GithubException
from github.Requester import Requester
from jwt import PyJWTError
from requests.exceptions import Timeout

from deployers.github_errors import GitHubAway, GitHubLimited, GitHubRefused

API = "https://api.github.com"
PATIENCE = 4
"""Seconds that one request may take; PyGithub wants them whole."""
PAGE = 100
_PAGES = 50
_LAST = re.compile(r"[?&]page=(\d+)[^>]*>; rel=\"last\"")
_LIMITS = ("rate limit", "abuse detection")
_PASSING = (500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class AppKey:
    """A GitHub App and where it is installed."""

    app: str
    installation: str
    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Door:
    """Where GitHub is, which repository is meant, and what opens it: a token, or the key of an App."""

    repository: str
    """`owner/name`."""
    key: str | AppKey = field(repr=False)
    url: str = API
    patience: int = PATIENCE
    monotonic: Callable[[], float] = time.monotonic

    @contextmanager
    def asking(self, permissions: Mapping[str, str], *, within: float = PATIENCE) -> Iterator["Asker"]:
        """Open a connection for one operation, with no more rights than it takes; safe to use from any thread.

        PyGithub keeps the request that it is about to send on the connection, so threads must not share one.

        Raises:
            GitHubAway, GitHubLimited, GitHubRefused: from everything that is asked inside as well.
        """
        until = self.monotonic() + within
        token = self._mint(self.key, permissions, until) if isinstance(self.key, AppKey) else self.key
        with self._client(Auth.Token(token)) as requester:
            yield Asker(requester, f"/repos/{self.repository}", until, self.monotonic)

    def _mint(self, key: AppKey, permissions: Mapping[str, str], until: float) -> str:
        """Return a token of the App for this repository alone."""
        wanted = {"repositories": [self.repository.partition("/")[2]], "permissions": dict(permissions)}
        with self._client(Auth.AppAuthToken(_signed(key))) as requester:
            asker = Asker(requester, "/app/installations", until, self.monotonic)
            _, minted = asker.post(f"/{key.installation}/access_tokens", wanted)
        return str(minted["token"])

    @contextmanager
    def _client(self, auth: Auth.Auth) -> Iterator[Requester]:
        with Github(
            auth=auth,
            base_url=self.url.rstrip("/"),
            timeout=self.patience,
            retry=0,
            seconds_between_requests=None,
            seconds_between_writes=None,
        ) as client:
            yield client.requester


@dataclass(frozen=True, slots=True)
class Asker:
    """One open connection to GitHub."""

    _requester: Requester
    _base: str
    _until: float
    _monotonic: Callable[[], float]

    def get(self, path: str, **query: str | int) -> Any:
        """Return what GitHub knows; asked once more when the connection or a server of theirs broke."""
        try:
            return self._ask("GET", path, query)[1]
        except GitHubAway as error:
            if not error.brief:
                raise
        return self._ask("GET", path, query)[1]

    def find(self, path: str, **query: str | int) -> Any | None:
        """Return what GitHub knows, or nothing where it knows nothing of that name."""
        try:
            return self.get(path, **query)
        except GitHubRefused as error:
            if error.status != 404:
                raise
            return None

    def pages(self, path: str, within: str = "", **query: str | int) -> Iterator[Any]:
        """Yield every item of a list, page after page; `within` names the key that holds it.

        A list that is longer than anybody can mean is an error, never a shorter list.
        """
        for page in range(1, _PAGES + 1):
            answer = self.get(path, per_page=PAGE, page=page, **query)
            items = answer[within] if within else answer
            yield from items
            if len(items) < PAGE:
                return
        raise GitHubAway(f"the list `{path}` has more than {_PAGES} pages")

    def count(self, path: str, **query: str | int) -> int:
        """Return how many items a list has, from the number of its last page of one."""
        _, headers, text = self._send("GET", path, {**query, "per_page": 1}, None)
        last = _LAST.search(str(headers.get("link", "")))
        return int(last[1]) if last else len(json.loads(text))

    def post(self, path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        """Ask for an effect, exactly once: nothing is ever sent again from here."""
        return self._ask("POST", path, {}, dict(body))

    def location(self, path: str) -> str:
        """Return where GitHub sends on to."""
        status, headers, _ = self._send("GET", path, {}, None)
        if status == 302 and headers.get("location"):
            return str(headers["location"])
        raise GitHubAway(f"it answered {status} where it should send on")

    def _ask(
        self, verb: str, path: str, query: Mapping[str, str | int], body: Mapping[str, Any] | None = None
    ) -> tuple[int, Any]:
        status, _, text = self._send(verb, path, query, body)
        if not text:
            return status, None
        try:
            return status, json.loads(text)
        except ValueError as error:
            raise GitHubAway("its answer was not JSON", brief=True) from error

    def _send(
        self, verb: str, path: str, query: Mapping[str, str | int], body: Mapping[str, Any] | None
    ) -> tuple[int, Mapping[str, Any], str]:
        if self._monotonic() >= self._until:
            raise GitHubAway("it took too long to answer all that I needed to know")
        try:
            status, headers, text = self._requester.requestJson(verb, f"{self._base}{path}", dict(query), None, body)
            if status >= 400:
                raise self._requester.createException(status, headers, _told(text))
            return status, headers, text
        except GithubException as error:
            raise _translated(error, f"{verb} {self._base}{path}") from error
        except (OSError, RuntimeError) as error:
            raise _broken(error) from error


def _signed(key: AppKey) -> str:
    """Return what proves to GitHub that we are the App, for some minutes."""
    try:
        return Auth.AppAuth(key.app, key.private_key).create_jwt()
    except (PyJWTError, ValueError, TypeError) as error:
        raise GitHubRefused(401, "to know the App", "the App's private key cannot be used") from error


def _told(text: str) -> dict[str, Any]:
    """Return what an answer that says no has to say."""
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _translated(error: GithubException, what: str) -> GitHubAway | GitHubLimited | GitHubRefused:
    """Return in our words why GitHub did not do something."""
    data = error.data if isinstance(error.data, dict) else {}
    message = str(data.get("message") or "no reason given")
    if error.status == 429 or (error.status == 403 and any(word in message.lower() for word in _LIMITS)):
        return _limited(error.headers or {})
    if error.status >= 500:
        return GitHubAway(f"it answered {error.status}", brief=error.status in _PASSING)
    return GitHubRefused(error.status, what, message[:300])


def _limited(headers: Mapping[str, str]) -> GitHubLimited:
    after, reset = str(headers.get("retry-after", "")), str(headers.get("x-ratelimit-reset", ""))
    if after.isdecimal():
        return GitHubLimited(seconds=int(after))
    if reset.isdecimal() and str(headers.get("x-ratelimit-remaining")) == "0":
        return GitHubLimited(until=datetime.fromtimestamp(int(reset), UTC))
    return GitHubLimited()


def _broken(error: OSError | RuntimeError) -> GitHubAway:
    if isinstance(error, Timeout):
        return GitHubAway("it did not answer in time")
    if isinstance(error, RuntimeError):
        return GitHubAway("it sent me on to somewhere else; check `GITHUB_API_URL` and the repository's name")
    return GitHubAway("the connection broke", brief=True)
