"""What continuous integration says about a revision on GitHub: check runs and commit statuses, all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from deployers.errors import DeployError
from deployers.github_api import Door
from deployers.ports import Clock
from storage import checks
from storage.models import CheckRun
from storage.store import Store

_READ = {"checks": "read", "statuses": "read", "contents": "read"}
_WITHIN = 4.5
_WORST_LAST = ("success", "pending")
_STATES = {"success": "success", "pending": "pending", "failure": "failure", "error": "error"}


@dataclass(frozen=True, slots=True)
class Said:
    """What one app said about one check, the newest time that it ran."""

    name: str
    conclusion: str
    """`success`, `pending`, `unknown`, or GitHub's word for what else it is: `failure`, `timed out`, `skipped`."""
    url: str = ""


@dataclass(frozen=True, slots=True)
class GitHubChecks:
    """Asks GitHub for the checks on a revision."""

    door: Door

    def of(self, sha: str, *, within: float = _WITHIN) -> tuple[Said, ...]:
        """Return the newest result of every check run and every status, by name; the worst where names are shared.

        Raises:
            GitHubError: not all of them could be read; some of them are as good as none.
        """
        with self.door.asking(_READ, within=within) as asker:
            runs = list(asker.pages(f"/commits/{sha}/check-runs", "check_runs", filter="all"))
            statuses = list(asker.pages(f"/commits/{sha}/statuses"))
        return judged(runs, statuses)


def judged(runs: Iterable[Any], statuses: Iterable[Any]) -> tuple[Said, ...]:
    """Return what counts of everything that was said; pure.

    An app that ran a check again is believed for the newest run; two apps that share a name both have to be content.
    """
    newest: dict[tuple[object, str], tuple[str, int, Said]] = {}
    for run in runs:
        key = ((run.get("app") or {}).get("id"), str(run["name"]))
        found = (str(run.get("started_at") or ""), int(run["id"]), Said(key[1], _concluded(run), run["html_url"] or ""))
        newest[key] = max(newest.get(key, found), found, key=lambda it: it[:2])
    for status in statuses:
        key = ("status", str(status["context"]))
        said = Said(key[1], _STATES.get(status["state"], "unknown"), status.get("target_url") or "")
        found = (str(status["created_at"]), int(status["id"]), said)
        newest[key] = max(newest.get(key, found), found, key=lambda it: it[:2])
    ordered = sorted((said for _, _, said in newest.values()), key=lambda it: it.name)
    return tuple(_worst(group) for _, group in groupby(ordered, key=lambda it: it.name))


def _concluded(run: Any) -> str:
    if run["status"] != "completed":
        return "pending"
    return str(run.get("conclusion") or "unknown").replace("_", " ")


def _worst(said: Iterable[Said]) -> Said:
    """Return what is farthest from success."""
    return min(said, key=lambda it: _WORST_LAST[::-1].index(it.conclusion) + 1 if it.conclusion in _WORST_LAST else 0)


@dataclass(frozen=True, slots=True)
class Ci:
    """Keeps what continuous integration says, for the gates."""

    store: Store
    checks: GitHubChecks
    now: Clock

    def refresh(self, sha: str, required: Sequence[str]) -> DeployError | None:
        """Ask again and write it down; a required check that cannot be told is unknown, whatever it was before."""
        if not required:
            return None
        asked, unasked = self.now(), None
        try:
            said = {each.name: each for each in self.checks.of(sha)}
        except DeployError as error:
            said, unasked = {}, error
        missing = {name: Said(name, "unknown") for name in required if name not in said}
        with self.store.begin() as session:
            for each in sorted((*said.values(), *missing.values()), key=lambda it: it.name):
                row = CheckRun(sha=sha, name=each.name, conclusion=each.conclusion, url=each.url, seen_at=asked)
                checks.put(session, row)
        return unasked
