"""How a release spreads over its targets: each strategy says what should happen, and does nothing."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from deployers.environment import Environment, Recipe
from deployers.plan import CandidateStop, MaintenanceOff, MigrateBack, Plan, Step
from deployers.ports import Difference, Revision
from deployers.strategies.going_back import going_back
from deployers.strategies.restoring import Restoration, restoring
from deployers.strategies.rolling import rolling
from deployers.strategies.workflow import workflow

STRATEGIES = {"rolling": rolling}
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
    colour: str = "",
    backup: str = "",
    restores: Restoration | None = None,
    undoing: MigrateBack | None = None,
    reason: str = "",
) -> Plan:
    """Return what will happen when this revision goes to this environment.

    Raises:
        KeyError: there is no such strategy.
    """
    migrations = difference.migrations if difference else ()
    shape = going_back if kind == "rollback" else STRATEGIES[strategy]
    if environment.deployer == "github":
        shape = workflow
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
        steps=_steps(environment, shape(environment, migrations), restores, undoing),
        migrations=migrations,
        compatible=difference.compatible if difference else (),
        resolved=resolved(environment),
        skip_tests=skip_tests,
        workflow_file=workflow_file,
        colour=colour,
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


def way_back(failed: Plan, environment: Environment, *, to: Revision, release: str, touched: Sequence[str]) -> Plan:
    """Return the plan that takes a failed deployment back on the targets it has touched, last one first."""
    targets = tuple(host.name for host in reversed(environment.hosts) if host.name in touched)
    return Plan(
        kind="rollback",
        environment=failed.environment,
        git=failed.git,
        repository=failed.repository,
        ref=to.ref,
        sha=to.sha,
        release=release,
        replaces=failed.sha,
        strategy="rolling",
        steps=tuple(_at_once(environment, targets)),
        migrations=failed.migrations,
        compatible=failed.compatible,
        resolved=resolved(environment),
    )


def tidying(environment: Environment, *, touched: Sequence[str], candidates: Sequence[str]) -> tuple[Step, ...]:
    """Return what is part of every way out: visitors are let in again, and no candidate is left running."""
    steps: list[Step] = []
    if environment.deployer == "github":
        return ()
    if candidates and environment.recipe.candidate_stop:
        steps.append(CandidateStop(tuple(candidates)))
    if touched and environment.recipe.lets_in:
        steps.append(MaintenanceOff(tuple(touched)))
    return tuple(steps)


def _at_once(environment: Environment, targets: tuple[str, ...]) -> Iterator[Step]:
    if environment.deployer == "github":
        yield from workflow(environment, ())
        return
    yield from going_back(environment, (), targets=targets, ceremony=False)


def resolved(environment: Environment) -> dict[str, Any]:
    """Return the environment as JSON-ready data without secrets: part of what is approved."""
    document = asdict(environment)
    if document["health"]:
        document["health"]["headers"] = sorted(document["health"]["headers"])
    # What is left at its default stays out, so that an earlier version's plan of the same environment is the same.
    usual = [name for name in ("may_skip_checks", "revisions") if getattr(environment, name) == getattr(_USUAL, name)]
    for shown_elsewhere in ("aliases", "comment_pulls", "freezes", *usual):
        document.pop(shown_elsewhere)
    if environment.recipe.maintenance_in_deployments:
        del document["recipe"]["maintenance_in_deployments"]
    _without_usual(document["recipe"], "migrate_back", "transactional_migrations")
    _without_usual(document["recipe"], "applied_migrations", "workers_stop", "workers_start")
    if document["backup"]:
        _without_usual(document["backup"], *(set(document["backup"]) - {"directory", "database", "restore", "keep"}))
    plain: dict[str, Any] = json.loads(json.dumps(document, default=_plain))
    return plain


def _without_usual(document: dict[str, Any], *names: str) -> None:
    """Leave out what nobody has configured, so that an earlier version's plan of the same environment is the same."""
    for name in names:
        if not document[name]:
            del document[name]


def _plain(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else str(value)
