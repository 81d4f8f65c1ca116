"""Looks at an environment's targets over SSH before anybody is asked to approve."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from shlex import quote

import httpx

from deployers.balancers import steering
from deployers.environment import Environment, Host, Place
from deployers.errors import DeployError, HostKeyRefused
from deployers.ports import Finding, Remote

FREE_MIB = 512
"""With less free space than this on a target a deployment does not begin."""
_LOOK = """\
path=%s
while [ ! -d "$path" ]; do path=$(dirname -- "$path"); done
cd -- "$path" || exit
folder=.
[ -d .shipmate ] && folder=.shipmate
if mkdir "$folder/.try.$$" 2>/dev/null; then rmdir "$folder/.try.$$"; echo writable=yes; fi
echo "where=$PWD/$folder"
df -Pm . | { read -r _; read -r _ _ _ free _; echo "free=$free"; }
echo "git=$(git --version 2>/dev/null)"
echo "lock=$(head -n 1 .shipmate/lock/owner 2>/dev/null)"
echo "current=$(readlink current)"
[ -d current/ ] && echo served=yes
for part in releases/*.part current.next; do
    if [ -e "$part" ] || [ -L "$part" ]; then echo "left=$part"; fi
done
exit 0
"""


class SshPreflight:
    """What can be seen of the targets from here; implements `deployers.ports.Preflight`."""

    def __init__(self, remote_for: Callable[[Environment], Remote]) -> None:
        self._remote_for = remote_for

    def inspect(self, environment: Environment) -> tuple[Finding, ...]:
        place = environment.place
        if place is None or not place.hosts:
            return ()
        remote = self._remote_for(environment)
        try:
            with ThreadPoolExecutor(max_workers=max(1, min(place.parallel, len(environment.reached)))) as pool:
                looks = [pool.submit(_host, remote, environment, place, host) for host in place.hosts]
                looks += [pool.submit(_balancer, remote, environment, host) for host in environment.balancers]
            return tuple(finding for look in looks for finding in look.result())
        finally:
            remote.close()


def _host(remote: Remote, environment: Environment, place: Place, host: Host) -> tuple[Finding, ...]:
    try:
        path = place.path.removeprefix("~/")
        answer = remote.ask(host, _LOOK % quote(path))
        seen = _read(answer.output)
        return (
            Finding(host.name, "reachable", good=True),
            Finding(host.name, "host key", good=True, detail=f"pinned in {place.known_hosts}"),
            *judged(host, path, seen),
            *_tunnel(remote, environment, host),
        )
    except HostKeyRefused as error:
        return (Finding(host.name, "host key", good=False, detail=str(error)),)
    except DeployError as error:
        return (Finding(host.name, "reachable", good=False, detail=str(error)),)


def _balancer(remote: Remote, environment: Environment, host: Host) -> tuple[Finding, ...]:
    """Ask a balancer whether it can be told anything: afterwards is too late."""
    try:
        answer = remote.ask(host, steering.look(environment, host))
    except HostKeyRefused as error:
        return (Finding(host.name, "host key", good=False, detail=str(error)),)
    except DeployError as error:
        return (Finding(host.name, "reachable", good=False, detail=str(error)),)
    if not answer.output.strip() and answer.exit_code == 0:
        return (Finding(host.name, "balancer", good=True, detail="can be told where visitors go"),)
    why = "; ".join(answer.output.split("\n")).strip("; ") or f"its look exited {answer.exit_code}"
    return (Finding(host.name, "balancer", good=False, detail=why[:600]),)


def _read(output: str) -> Mapping[str, tuple[str, ...]]:
    seen: dict[str, tuple[str, ...]] = {}
    for line in output.splitlines():
        name, _, value = line.partition("=")
        seen[name] = (*seen.get(name, ()), value)
    return seen


def judged(host: Host, path: str, seen: Mapping[str, tuple[str, ...]]) -> Iterator[Finding]:
    """Yield what the look at one target means."""

    def first(name: str) -> str:
        return next(iter(seen.get(name, ())), "")

    where, free, git = first("where") or path, first("free"), first("git")
    yield Finding(
        host.name,
        "lock directory",
        good=first("writable") == "yes",
        detail=f"{where} can be written" if first("writable") else f"{where} cannot be written by the deploying user",
    )
    yield Finding(host.name, "disk", good=free.isdigit() and int(free) >= FREE_MIB, detail=_space(free))
    yield Finding(host.name, "git", good=bool(git), detail=git or "git is not installed: `apt install git`")
    if first("lock"):
        yield Finding(host.name, "lock", good=False, detail=f"held by {first('lock')}", blocking=False)
    if left := seen.get("left"):
        detail = f"half-deployed: {', '.join(left[:5])}; the next deployment clears it away"
        yield Finding(host.name, "leftovers", good=False, detail=detail, blocking=False)
    yield _way_back(host, first("current"), served=bool(first("served")))


def _space(free: str) -> str:
    return f"{free} MiB free, {FREE_MIB} needed" if free.isdigit() else "the free space cannot be told"


def _way_back(host: Host, current: str, *, served: bool) -> Finding:
    if served:
        return Finding(host.name, "previous release", good=True, detail=current.rpartition("/")[2], blocking=False)
    why = f"`current` points at {current}, which is not there" if current else "no release is served here yet"
    return Finding(host.name, "previous release", good=False, detail=f"{why}: there is no way back", blocking=False)


def _tunnel(remote: Remote, environment: Environment, host: Host) -> Iterator[Finding]:
    """Try whether the target can be asked from itself, where its health is to be asked that way."""
    health = environment.health
    if health is None or not (health.target or health.candidate):
        return
    try:
        with remote.http(host) as client:
            client.get(f"http://127.0.0.1:{host.port}/", timeout=health.timeout.total_seconds())
    except httpx.HTTPError:
        pass  # nobody answers there yet, but the way there is open
    except DeployError as error:
        yield Finding(host.name, "tunnel", good=False, detail=str(error))
        return
    yield Finding(host.name, "tunnel", good=True, detail="can be asked from itself")
