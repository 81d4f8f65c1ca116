"""Tells GitHub of deployments: that they are on their way, how they ended, and under pull requests what was shipped."""

from collections.abc import Iterable
from dataclasses import dataclass

from deployers.github_api import Door

_READ = {"deployments": "read"}
_WRITE = {"deployments": "write"}
_COMMENT = {"issues": "write", "pull_requests": "write"}
_WITHIN = 8.0
_MARK = "<!-- shipmate {mark} -->"


@dataclass(frozen=True, slots=True)
class Going:
    """A deployment as it is told."""

    mark: str
    """Names it and no other: what GitHub already knows is found by it."""
    sha: str
    environment: str
    kind: str
    what: str
    """In a sentence."""
    url: str = ""
    """Where the environment serves."""


@dataclass(frozen=True, slots=True)
class Shipments:
    """The deployments of a repository, as GitHub lists them."""

    door: Door

    def find(self, going: Going) -> int | None:
        """Return GitHub's number of a deployment that it was told of before."""
        with self.door.asking(_READ, within=_WITHIN) as asker:
            told = asker.pages("/deployments", sha=going.sha, environment=going.environment)
            return next((int(it["id"]) for it in told if _mark_of(it.get("payload")) == going.mark), None)

    def make(self, going: Going) -> int:
        """Tell of a deployment, once; whoever does not know what came of it calls `find` first."""
        body = {
            "ref": going.sha,
            "environment": going.environment,
            "task": going.kind,
            "description": going.what[:140],
            "auto_merge": False,
            "required_contexts": [],
            "payload": {"shipmate": going.mark},
        }
        with self.door.asking(_WRITE, within=_WITHIN) as asker:
            return int(asker.post("/deployments", body)[1]["id"])

    def say(self, number: int, state: str, going: Going) -> None:
        """Say how a deployment goes: `in_progress`, `success`, `failure`, `error` or `inactive`; twice does no harm."""
        body = {"state": state, "description": going.what[:140]}
        if going.url:
            body["environment_url"] = going.url
        with self.door.asking(_WRITE, within=_WITHIN) as asker:
            asker.post(f"/deployments/{number}/statuses", body)

    def comment(self, pull: int, mark: str, text: str, *, again: bool = False) -> None:
        """Write under a pull request; asked again, only where it was not written before."""
        path, named = f"/issues/{pull}/comments", _MARK.format(mark=mark)
        with self.door.asking(_COMMENT, within=_WITHIN) as asker:
            if again and _holds(named, (str(it.get("body") or "") for it in asker.pages(path))):
                return
            asker.post(path, {"body": f"{text}\n\n{named}"})


def _mark_of(payload: object) -> str:
    return str(payload.get("shipmate", "")) if isinstance(payload, dict) else ""


def _holds(text: str, bodies: Iterable[str]) -> bool:
    return any(text in body for body in bodies)
