"""What can go wrong on the way to a target; each says what happened in a sentence an operator can act on."""

from dataclasses import dataclass


class DeployError(Exception):
    """The root of this floor's errors; `code` is stable, `str()` is for people."""

    code = "deploy"


@dataclass
class OnlyGit(DeployError):
    """Something was asked that only GitHub knows, and nobody has said how to ask it."""

    what: str
    code = "only_git"

    def __str__(self) -> str:
        return (
            f"There is only git here, and {self.what} are GitHub's. Set `repository` below `[app]` in `shipmate.toml`,"
            " and `GITHUB_TOKEN`"
        )


@dataclass
class CommandFailed(DeployError):
    """A remote command exited with something other than zero."""

    target: str
    command: str
    exit_code: int
    output: str
    code = "command_failed"

    def __str__(self) -> str:
        last = self.output.strip().splitlines()[-1:] or ["no output"]
        return f"`{self.command}` exited {self.exit_code} on {self.target}: {last[0]}"


@dataclass
class Unreachable(DeployError):
    """A target could not be reached, or the connection was lost and did not come back."""

    target: str
    why: str
    code = "unreachable"

    def __str__(self) -> str:
        return f"{self.target} cannot be reached: {self.why}"


@dataclass
class HostKeyRefused(DeployError):
    """A target showed a key that is not pinned; nothing was sent to it."""

    target: str
    known_hosts: str
    shown: str
    code = "host_key"

    def __str__(self) -> str:
        return (
            f"{self.target} showed a host key that is not in `{self.known_hosts}` ({self.shown});"
            " nothing was sent to it. If the host was reinstalled, replace its line there"
        )


@dataclass
class Fenced(DeployError):
    """A target has seen a newer fencing token: somebody else leads now."""

    target: str
    token: int
    newest: int
    code = "fenced"

    def __str__(self) -> str:
        return (
            f"{self.target} refused: it has seen fencing token {self.newest}, newer than ours ({self.token})."
            " If my database was restored from a backup, type `shipmate fence raise --to"
            f" {self.newest + 1}` and start me again"
        )


@dataclass
class Undecided(DeployError):
    """What became of a step cannot be read; a person has to look."""

    target: str
    operation: str
    why: str
    code = "unknown"

    def __str__(self) -> str:
        return f"what became of {self.operation} on {self.target} cannot be read: {self.why}"


@dataclass
class HostLocked(DeployError):
    """Somebody else holds the target's own lock."""

    target: str
    owner: str
    since: str
    code = "host_locked"

    def __str__(self) -> str:
        return f"{self.target} is locked by {self.owner} since {self.since}"


@dataclass
class NoRoom(DeployError):
    """A target has no room for the record of a step; the step was not begun."""

    target: str
    why: str
    code = "no_room"

    def __str__(self) -> str:
        return f"{self.target} has no room to record a step, so it was not begun: {self.why}"


@dataclass
class Aborted(DeployError):
    """Somebody stopped the deployment; the targets stand still."""

    by: str
    code = "aborted"

    def __str__(self) -> str:
        return f"stopped by {self.by}"


@dataclass
class Unhealthy(DeployError):
    """A target or an environment is not healthy, or does not serve what it should."""

    where: str
    why: str
    trigger: str = ""
    """Which of the triggers of an automatic rollback it is; empty where it is no look at health."""
    code = "unhealthy"

    def __str__(self) -> str:
        return f"{self.where} is not healthy: {self.why}"


@dataclass
class WorseThanBefore(DeployError):
    """A canary is worse than the stable side, or is not healthy."""

    why: str
    code = "canary"

    def __str__(self) -> str:
        return self.why


@dataclass
class Inconclusive(DeployError):
    """Health could not be judged; that is not success."""

    where: str
    why: str
    code = "inconclusive"

    def __str__(self) -> str:
        return f"the health of {self.where} could not be judged: {self.why}"


@dataclass
class RefRefused(DeployError):
    """A ref does not exist, is ambiguous, or is not one that a person may type."""

    ref: str
    why: str
    closest: tuple[str, ...] = ()
    code = "ref"

    def __str__(self) -> str:
        near = f" Did you mean {', '.join(f'`{name}`' for name in self.closest)}?" if self.closest else ""
        return f"{self.why}.{near}"


@dataclass
class RepositoryUnreachable(DeployError):
    """The repository could not be read."""

    git: str
    why: str
    final: bool = False
    """Whether it was answered, and asking once more would be answered alike: there is no such thing, or not for us."""
    code = "repository"

    def __str__(self) -> str:
        return f"the repository {self.git} cannot be read: {self.why}"
