"""How a release spreads over its targets: each strategy says what should happen, and does nothing."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from deployers.colours import colour_for, has_colours, other, switches
from deployers.comparing.tuning import Canary
from deployers.environment import Environment, Recipe
from deployers.plan import (
    CandidateStop,
    ColourStop,
    MaintenanceOff,
    MigrateBack,
    Plan,
    PutIn,
    Shift,
    Step,
    TakeOut,
    WorkersStart,
)
from deployers.ports import Difference, Revision
from deployers.strategies.backing_up import backed_up
from deployers.strategies.blue_green import blue_green, shifted_back, switching_back
from deployers.strategies.canary import canary
from deployers.strategies.gathering import gathered
from deployers.strategies.going_back import going_back, going_back_in_turn
from deployers.strategies.restoring import Restoration, restoring
from deployers.strategies.rolling import rolling, stands_before
from deployers.strategies.workflow import workflow

Shape = Callable[[Environment, Sequence[str]], Iterator[Step]]
STRATEGIES: dict[str, Shape] = {"rolling": rolling, "blue-green": blue_green, "canary": canary, "emergency": rolling}
_USUAL = Environment("", "", "", Recipe(""))


def release_name(sha: str, at: datetime) -> str:
    """Return the name of a release's directory: `<utc stamp>-<short sha>`."""
    return f"{at:%Y%m%d%H%M%S}-{sha[:8]}"


def plan_for(  # noqa: PLR0913 - each argument is a different fact, and all are named where it is called
    environment: Environment,
    *,
    kind: str,
    revision: Revision,
    replaces: str,
    release: str,
    difference: Difference | None,
    strategy: str,
    skip_tests: bool = False,
    workflow_file: str = "",
    live: str = "",
    spread: bool = False,
    backup: str = "",
    restores: Restoration | None = None,
    undoing: MigrateBack | None = None,
    reason: str = "",
) -> Plan:
    """Return what will happen when this revision goes to this environment, of whose sides `live` serves now.

    Where visitors are spread over both sides, they are brought together there first.

    Raises:
        KeyError: there is no such strategy.
    """
    migrations = difference.migrations if difference else ()
    in_place = bool(restores or undoing)
    leaves = switches(kind, strategy) and not in_place
    usual = _steps(environment, _shape(environment, kind, strategy)(environment, migrations), restores, undoing)
    steps = backed_up(environment, migrations, usual)
    if spread and has_colours(environment):
        steps = gathered(environment, steps, leaves=leaves)
    return Plan(
        kind=kind,
        environment=environment.name,
        git=environment.git,
        repository=environment.repository,
        ref=revision.ref,
        sha=revision.sha,
        release=release,
        replaces=replaces,
        strategy=strategy,
        steps=steps,
        migrations=migrations,
        compatible=difference.compatible if difference else (),
        resolved=resolved(environment),
        skip_tests=skip_tests,
        workflow_file=workflow_file,
        colour=colour_for(environment, switches=leaves, live=live),
        backup=backup,
        restores=restores.document() if restores else {},
        reason=reason,
    )


def _steps(
    environment: Environment, usual: Iterator[Step], restores: Restoration | None, undoing: MigrateBack | None
) -> tuple[Step, ...]:
    if restores:
        return tuple(restoring(environment, restores))
    return tuple(going_back(environment, (), undoing=undoing) if undoing else usual)


def _shape(environment: Environment, kind: str, strategy: str) -> Shape:
    if environment.deployer == "github":
        return workflow
    if kind != "rollback":
        return STRATEGIES[strategy]
    if has_colours(environment):
        return switching_back
    return going_back_in_turn if stands_before(environment) else going_back


def way_back(failed: Plan, environment: Environment, *, to: Revision, release: str, touched: Sequence[str]) -> Plan:
    """Return the plan that takes a failed deployment back on the targets it has touched, last one first.

    Where it sent visitors to the other side, they are sent back to the one that served.
    """
    targets = tuple(host.name for host in reversed(environment.hosts) if host.name in touched)
    switched = any(isinstance(step, Shift) for step in failed.steps)
    return Plan(
        kind="rollback",
        environment=failed.environment,
        git=failed.git,
        repository=failed.repository,
        ref=to.ref,
        sha=to.sha,
        release=release,
        replaces=failed.sha,
        strategy="blue-green" if switched else "rolling",
        steps=tuple(shifted_back(environment, targets) if switched else _at_once(environment, targets)),
        colour=other(failed.colour) if switched else failed.colour,
        migrations=failed.migrations,
        compatible=failed.compatible,
        resolved=resolved(environment),
    )


@dataclass(frozen=True, slots=True)
class Left:
    """What a deployment that went wrong has left behind, by names of application hosts."""

    touched: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    """Where the other side was brought up, and nobody was sent to it."""
    out: tuple[str, ...] = ()
    """What balancers send nobody to any more."""
    switched: tuple[str, ...] = ()
    kept_out: tuple[str, ...] = ()
    """Where visitors were kept out, also by a plan whose recipe does not do that in deployments."""
    idle: tuple[str, ...] = ()
    """Where queue workers were stopped, and not started again."""


def tidying(environment: Environment, left: Left) -> tuple[Step, ...]:
    """Return what is part of every way out: visitors are let in again, and nothing is left running or left out."""
    steps: list[Step] = []
    if environment.deployer == "github":
        return ()
    recipe, balancers = environment.recipe, tuple(host.name for host in environment.balancers)
    touched = tuple(host.name for host in environment.hosts if host.name in left.touched)
    if left.candidates and recipe.candidate_stop:
        steps.append(CandidateStop(left.candidates))
    if left.idle and recipe.workers_start:
        steps.append(WorkersStart(left.idle))
    if touched and (recipe.lets_in or (left.kept_out and recipe.maintenance_off)):
        steps.append(MaintenanceOff(touched))
    if left.started and recipe.colour_stop:
        steps.append(ColourStop(left.started))
    # What was switched stays out: it may be sick, and the way back or a person puts it in again.
    sick = tuple(name for name in left.out if name in left.switched)
    if balancers and left.out and sick != left.out:
        steps.append(TakeOut(balancers, servers=sick) if sick else PutIn(balancers, servers=left.out))
    return tuple(steps)


def _at_once(environment: Environment, targets: tuple[str, ...]) -> Iterator[Step]:
    if environment.deployer == "github":
        yield from workflow(environment, ())
        return
    if stands_before(environment):
        yield from going_back_in_turn(environment, (), targets=targets)
        return
    yield from going_back(environment, (), targets=targets, ceremony=False)


def resolved(environment: Environment) -> dict[str, Any]:
    """Return the environment as JSON-ready data without secrets: part of what is approved."""
    document = asdict(environment)
    if document["health"]:
        document["health"]["headers"] = sorted(document["health"]["headers"])
    # What is left at its default stays out, so that an earlier version's plan of the same environment is the same.
    optional = ("may_skip_checks", "revisions", "emergency")
    usual = [name for name in optional if getattr(environment, name) == getattr(_USUAL, name)]
    usual += [] if environment.balancer else ["balancer"]
    for shown_elsewhere in ("aliases", "comment_pulls", "freezes", *usual):
        document.pop(shown_elsewhere)
    if environment.recipe.maintenance_in_deployments:
        del document["recipe"]["maintenance_in_deployments"]
    _without_usual(document["recipe"], "migrate_back", "transactional_migrations")
    _without_usual(document["recipe"], "applied_migrations", "workers_stop", "workers_start")
    _without_usual(document["recipe"], "colour_start", "colour_stop")
    if environment.canary:
        _without_default(document["canary"], Canary())
    if environment.rollback.on == _USUAL.rollback.on:
        del document["rollback"]["on"]
    if document["place"]:
        _without_usual(document["place"], "pause", "max_unavailable")
    if document["backup"]:
        _without_usual(document["backup"], *(set(document["backup"]) - {"directory", "database", "restore", "keep"}))
    plain: dict[str, Any] = json.loads(json.dumps(document, default=_plain))
    return plain


def _without_usual(document: dict[str, Any], *names: str) -> None:
    """Leave out what nobody has configured, so that an earlier version's plan of the same environment is the same."""
    for name in names:
        if not document[name]:
            del document[name]


def _without_default(document: dict[str, Any], usual: Canary) -> None:
    """Leave out what was not asked of a canary before; what earlier versions wrote stays."""
    for name in set(document) - {"percentage", "duration", "success_rate"}:
        if getattr(usual, name) == document[name]:
            del document[name]


def _plain(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else str(value)
