"""What GitHub knows about the commits that go live: the pull requests that brought them, and who signed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from deployers.github_api import Asker, Door
from deployers.github_errors import GitHubError
from deployers.ports import Commit, Difference, Learned, Pull, Revision

_SIGNATURE = {"contents": "read"}
_PULLS = {"contents": "read", "pull_requests": "read"}
_WITHIN = 4.0
_COMMITS = 30


@dataclass(frozen=True, slots=True)
class GitHubPulls:
    """Asks GitHub what it knows beyond git."""

    door: Door

    def learn(self, revision: Revision, difference: Difference) -> Learned:
        """Return what GitHub tells in time; what it does not tell is said to be unknown, and stops nobody."""
        signed = self._signed(revision.sha)
        try:
            with self.door.asking(_PULLS, within=_WITHIN) as asker:
                pulls, alone, unasked = _brought(asker, difference.ahead)
        except GitHubError:
            return Learned(unasked=difference.ahead_count, signed=signed, asked=True)
        unknown = unasked + difference.ahead_count - len(difference.ahead)
        return Learned(pulls, alone, unknown, signed, asked=True)

    def _signed(self, sha: str) -> bool | None:
        """Say whether a signature holds, asked by itself: who may not see pull requests may still see that."""
        try:
            with self.door.asking(_SIGNATURE, within=_WITHIN) as asker:
                return bool(asker.get(f"/git/commits/{sha}")["verification"]["verified"])
        except GitHubError:
            return None


def _brought(asker: Asker, commits: tuple[Commit, ...]) -> tuple[tuple[Pull, ...], tuple[str, ...], int]:
    """Return the pull requests, newest first, the commits that came without one, and how many were not asked about."""
    found: dict[int, Pull] = {}
    alone: list[str] = []
    for place, commit in enumerate(commits[:_COMMITS]):
        try:
            told = asker.get(f"/commits/{commit.sha}/pulls")
        except GitHubError:
            return tuple(found.values()), tuple(alone), len(commits) - place
        merged = [pull(each) for each in told if each.get("merged_at")]
        found.update((each.number, each) for each in merged)
        if not merged:
            alone.append(commit.sha)
    return tuple(found.values()), tuple(alone), max(len(commits) - _COMMITS, 0)


def pull(told: Any) -> Pull:
    """Return a pull request as GitHub lists it."""
    head, base = ((told.get(side) or {}).get("repo") or {} for side in ("head", "base"))
    return Pull(
        number=int(told["number"]),
        title=str(told["title"]),
        author=str((told.get("user") or {}).get("login") or "ghost"),
        url=str(told["html_url"]),
        labels=_names(told.get("labels") or ()),
        fork=head.get("full_name") != base.get("full_name"),
    )


def _names(labels: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(each["name"]) for each in labels)
