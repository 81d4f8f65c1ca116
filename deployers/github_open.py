"""The open pull requests on GitHub, each with what its checks say; all of it within one deadline."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deployers.github_api import Door
from deployers.github_checks import GitHubChecks, Said
from deployers.github_errors import GitHubError
from deployers.github_pulls import pull
from deployers.ports import Ci, OpenPull

_READ = {"pull_requests": "read"}
_WITHIN = 4.5
_LEAST = 0.2
_AT_ONCE = 6
_FINE = frozenset({"success", "skipped", "neutral"})


@dataclass(frozen=True, slots=True)
class GitHubOpen:
    """Asks GitHub what waits to be merged."""

    door: Door

    def ask(self) -> tuple[OpenPull, ...]:
        """Return the open pull requests, oldest first; checks that are not told in time are unknown.

        Raises:
            GitHubError: the list could not be read.
        """
        until = self.door.monotonic() + _WITHIN
        with self.door.asking(_READ, within=_WITHIN) as asker:
            told = list(asker.pages("/pulls", state="open", sort="created", direction="asc"))
        shas = list(dict.fromkeys(str(each["head"]["sha"]) for each in told))
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="checks") as pool:
            said = dict(zip(shas, pool.map(lambda sha: self._checked(sha, until), shas), strict=True))
        return tuple(sorted((_open(each, said) for each in told), key=lambda it: (it.opened, it.pull.number)))

    def _checked(self, sha: str, until: float) -> tuple[Said, ...] | None:
        left = until - self.door.monotonic()
        try:
            return GitHubChecks(self.door).of(sha, within=left) if left > _LEAST else None
        except GitHubError:
            return None


def _open(told: Any, said: dict[str, tuple[Said, ...] | None]) -> OpenPull:
    checks = said[str(told["head"]["sha"])]
    return OpenPull(
        pull=pull(told),
        opened=datetime.fromisoformat(told["created_at"]),
        ci=Ci.UNKNOWN if checks is None else together(checks),
        red=_red(checks or ()),
        draft=bool(told.get("draft")),
    )


def together(said: Sequence[Said]) -> Ci:
    """Return what all checks say together: one that failed makes it red, whatever still runs; pure."""
    if not said:
        return Ci.NONE
    if _red(said):
        return Ci.RED
    return Ci.PENDING if any(each.conclusion == "pending" for each in said) else Ci.GREEN


def _red(said: Iterable[Said]) -> tuple[str, ...]:
    return tuple(each.name for each in said if each.conclusion not in _FINE and each.conclusion != "pending")
