"""Two ways to hosts as one: application hosts over one, balancers' hosts over the other."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta

import httpx

from deployers.environment import Environment, Host, Place
from deployers.ports import Answer, Authority, Operation, Record, Remote


def place_of(environment: Environment) -> Place | None:
    """Return where on balancers' own hosts things are done; None where there are no such hosts."""
    balancer, place = environment.balancer, environment.place
    if balancer is None or place is None:
        return None
    known = {host.name for host in place.hosts}
    hosts = tuple(host for host in balancer.hosts if host.name not in known)
    if not hosts:
        return None
    return Place(balancer.user, balancer.path, hosts, balancer.known_hosts, parallel=place.parallel)


class Both:
    """The hosts of an environment and of its balancers; implements `deployers.ports.Remote`."""

    def __init__(self, application: Remote, balancers: Remote, names: frozenset[str]) -> None:
        self._application = application
        self._balancers = balancers
        self._names = names

    def perform(
        self,
        host: Host,
        operations: Sequence[Operation],
        authority: Authority,
        *,
        heard: Callable[[Record], None] = lambda _: None,
    ) -> tuple[Record, ...]:
        return self._to(host).perform(host, operations, authority, heard=heard)

    def records(self, host: Host, ids: Sequence[str]) -> tuple[Record, ...]:
        return self._to(host).records(host, ids)

    def abort(self, host: Host, authority: Authority) -> None:
        self._to(host).abort(host, authority)

    def lock(self, host: Host, owner: str, authority: Authority) -> None:
        self._to(host).lock(host, owner, authority)

    def unlock(self, host: Host, owner: str) -> None:
        self._to(host).unlock(host, owner)

    def ask(self, host: Host, script: str, *, deadline: timedelta = timedelta(seconds=20)) -> Answer:
        return self._to(host).ask(host, script, deadline=deadline)

    def http(self, host: Host) -> AbstractContextManager[httpx.Client]:
        return self._to(host).http(host)

    def close(self) -> None:
        self._application.close()
        self._balancers.close()

    def _to(self, host: Host) -> Remote:
        return self._balancers if host.name in self._names else self._application
