"""Whether the numbers that a canary is judged by can be told: each question is asked once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.check.results import Grade, Result
from deployers.comparing.sides import CANARY, STABLE, Sides, sides, values
from deployers.comparing.tuning import Canary, Endpoint, Queries
from deployers.environment import Environment
from deployers.metrics import AccessLogs, Blind, Endpoints, Prometheus
from deployers.plan import Compare, Plan
from deployers.ports import Difference, Remote, Revision
from deployers.strategies import plan_for
from storage import colours, deployments
from storage.models import Deployment
from storage.store import Store

AREA = "canary"
WINDOW = timedelta(hours=1)
"""So far back is asked: long enough to have seen somebody."""
TAIL = 64 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """The two sides as a canary of what runs there now would have them."""

    environment: Environment
    plan: Plan
    both: Sides
    at: datetime

    @classmethod
    def of(cls, environment: Environment, served: Deployment, live: str, at: datetime) -> "Asked | None":
        """Lay out a canary of the release that is served; None where there is nobody to compare."""
        plan = plan_for(
            environment,
            kind="deploy",
            revision=Revision(served.ref, "", served.sha),
            replaces=served.sha,
            release=served.release,
            difference=Difference((), 0, (), 0, ()),
            strategy="canary",
            live=live,
        )
        step = next((it for it in plan.steps if isinstance(it, Compare)), None)
        return cls(environment, plan, sides(environment, plan, step), at) if step else None


def numbers(
    environment: Environment, store: Store, remote_for: Callable[[Environment], Remote], secrets: Mapping[str, str]
) -> Iterator[Result]:
    """Ask every question of the source that is configured, and say what came."""
    tuning = environment.canary
    if tuning is None or environment.deployer != "ssh":
        return
    if not (tuning.endpoint or tuning.log or tuning.metrics):
        todo = "Write `[metrics]`, or `endpoint` or `log` for the canary, as docs/canary.md shows"
        yield Result(AREA, environment.name, Grade.WARN, "nothing counts requests, so only a person promotes it", todo)
        return
    with store.look() as session:
        served, live = deployments.current(session, environment.name), colours.live(session, environment.name)
    asked = Asked.of(environment, served, live, datetime.now(UTC)) if served else None
    if asked is None:
        yield Result(AREA, environment.name, Grade.WARN, "nothing is served here yet, so nothing was asked", "")
        return
    if tuning.metrics:
        yield from _prometheus(asked, tuning.metrics)
        return
    remote = remote_for(environment)
    try:
        yield from _over_ssh(asked, tuning, remote, secrets)
    finally:
        remote.close()


def _over_ssh(asked: Asked, tuning: Canary, remote: Remote, secrets: Mapping[str, str]) -> Iterator[Result]:
    if tuning.endpoint:
        yield from _endpoint(asked, tuning.endpoint, remote, secrets)
    else:
        yield from _log(asked, tuning.log, remote)


def _prometheus(asked: Asked, queries: Queries) -> Iterator[Result]:
    """Ask each query about each side."""
    source = Prometheus(queries, values(asked.environment, asked.plan, asked.both, asked.plan.release))
    for name in ("requests", "errors", "p95"):
        if query := getattr(queries, name):
            yield _question(asked, source, name, query)


def _question(asked: Asked, source: Prometheus, name: str, query: str) -> Result:
    told, where = {}, f"{asked.environment.name} {name}"
    for side in (CANARY, STABLE):
        try:
            told[side] = source.once(query, side, asked.at, WINDOW)
        except Blind as why:
            if name != "p95" or "empty" not in str(why):
                todo = f"Try it in Prometheus, and correct `{name}` below [metrics]"
                return Result(AREA, where, Grade.BAD, f"Prometheus, about the {side} side: {why}", todo)
    what = ", ".join(f"{side} {value:.4g}" for side, value in told.items()) or "nothing was timed"
    if name == "requests" and not any(told.values()):
        todo = "Is the name of the counter right, and do its labels tell the sides apart? Or has nobody come lately?"
        return Result(AREA, where, Grade.WARN, f"{what} in the last hour", todo)
    return Result(AREA, where, Grade.OK if told else Grade.WARN, f"{what}, over the last hour")


def _endpoint(asked: Asked, endpoint: Endpoint, remote: Remote, secrets: Mapping[str, str]) -> Iterator[Result]:
    """Ask each process that serves for its counters; the other side is not up."""
    source = Endpoints(_with(asked.environment, secrets), remote, endpoint, asked.both)
    places = asked.both.stable if asked.plan.colour else (*asked.both.canary, *asked.both.stable)
    for host, port in places:
        where = f"{asked.environment.name}/{host.name} {endpoint.path}"
        try:
            told = source.counters((host, port))
        except Blind as why:
            todo = f"Correct `endpoint` of [environments.{asked.environment.name}.canary]; it is asked on port {port}"
            yield Result(AREA, where, Grade.BAD, str(why), todo)
            continue
        what = f"{told.requests:,.0f} requests, {told.errors:,.0f} of them errors"
        if endpoint.seconds and not told.times:
            todo = f"Is `{endpoint.seconds}` the name of a histogram? Or has nobody come since it began?"
            yield Result(AREA, where, Grade.WARN, f"{what}, and no response times", todo)
        else:
            yield Result(AREA, where, Grade.OK, f"{what}{', with response times' if endpoint.seconds else ''}")


def _log(asked: Asked, path: str, remote: Remote) -> Iterator[Result]:
    """Read the end of each balancer's log, and say whose answers are in it."""
    source = AccessLogs(remote, asked.environment.balancers, path, asked.both)
    for host in asked.environment.balancers:
        where = f"{asked.environment.name}/{host.name} {path}"
        known = asked.both.addresses(CANARY, host) | asked.both.addresses(STABLE, host)
        try:
            ends = source.page(host, None).place
            found = source.page(host, (ends.inode, max(0, ends.offset - TAIL))).servers
        except Blind as why:
            yield Result(AREA, where, Grade.BAD, str(why), "May the configured user read it? Is it the right path?")
            continue
        ours = sum(count.requests for address, count in found if address in known)
        what = f"{ours:,} answers of hosts that I know, at its end"
        strange = ", ".join(address for address, _ in found[:3])
        if ours:
            yield Result(AREA, where, Grade.OK, what)
        elif found:
            todo = f"It names {strange}; the addresses of hosts and their ports have to be the same there and here"
            yield Result(AREA, where, Grade.BAD, what, todo)
        else:
            todo = "Does it have the three fields of docs/canary.md, separated by tabs? Or has nobody come yet?"
            yield Result(AREA, where, Grade.WARN, what, todo)


def _with(environment: Environment, secrets: Mapping[str, str]) -> Environment:
    if environment.health is None:
        return environment
    told = environment.health.headers.items()
    headers = {name: secrets.get(text.removeprefix("env:"), text) for name, text in told}
    return replace(environment, health=replace(environment.health, headers=headers))
