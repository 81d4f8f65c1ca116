"""From the tables of shipmate.toml to the values that everybody reads."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.settings import balancer, canary, schema
from deployers import environment as to
from deployers import recipes


def environments(file: schema.File, folder: Path) -> dict[str, to.Environment]:
    """Return every environment with its recipe resolved and its paths made absolute."""
    tables = recipe_tables(file)
    return {name: _environment(name, table, file, tables, folder) for name, table in file.environments.items()}


def recipe_tables(file: schema.File) -> dict[str, dict[str, Any]]:
    """Return the built-in recipes with what the file says laid over them, and the file's own."""
    tables: dict[str, dict[str, Any]] = recipes.built_in()
    for name, table in file.recipes.items():
        tables[name] = tables.get(name, {}) | table.model_dump(exclude_unset=True)
    return tables


def _environment(
    name: str, table: schema.Environment, file: schema.File, tables: Mapping[str, Mapping[str, Any]], folder: Path
) -> to.Environment:
    app, metrics = file.app, file.metrics
    chosen = table.recipe or app.recipe
    strategies = tuple(dict.fromkeys(table.strategies)) or (table.strategy,)
    approvals, rollback = table.approvals, table.rollback
    built = to.Environment(
        name=name,
        app=app.name,
        git=app.git,
        recipe=recipes.recipe(chosen, tables[chosen], environment=name),
        repository=app.repository,
        aliases=tuple(table.aliases),
        url=(table.url or "").rstrip("/"),
        deployer=table.deployer,
        strategy=table.strategy,
        strategies=strategies,
        approvals=to.Approvals(**dict(approvals)),
        after=table.after,
        required_checks=tuple(table.checks.required),
        may_skip_checks=table.checks.may_skip,
        revisions=_revisions(table.revisions),
        freezes=tuple(to.Freeze(tuple(each.days), each.start, each.until, each.reason) for each in table.freezes),
        rollback=to.RollbackPolicy(**{**dict(rollback), "on": tuple(rollback.on)}),
        emergency=to.Emergency(**dict(table.emergency)) if table.emergency else None,
        comment_pulls=table.comment_pulls,
    )
    place = _place(table.ssh, folder) if table.ssh else None
    return replace(
        built,
        place=place,
        balancer=_balancer(table, place, name=name, app=app.name, folder=folder),
        workflow=to.Workflow(table.github.workflow, dict(table.github.inputs)) if table.github else None,
        health=_health(table.health) if table.health else None,
        canary=canary.value(table.canary, metrics, strategies),
        backup=to.Backup(**{**dict(table.backup), "exclude": tuple(table.backup.exclude)}) if table.backup else None,
    )


def _revisions(table: schema.Revisions) -> to.Revisions:
    return to.Revisions(tuple(table.allowed), table.older, table.signed, tuple(table.risky))


def _place(ssh: schema.Ssh, folder: Path) -> to.Place:
    values = dict(ssh)
    values["hosts"] = tuple(to.Host(**dict(host)) for host in ssh.hosts)
    values["known_hosts"] = str(folder / Path(ssh.known_hosts).expanduser())
    values["max_unavailable"] = ssh.max_unavailable or ""
    return to.Place(**values)


def _balancer(
    table: schema.Environment, place: to.Place | None, *, name: str, app: str, folder: Path
) -> to.Balancer | None:
    if table.balancer is None or place is None:
        return None
    return balancer.value(table.balancer, place, name=name, app=app, folder=folder)


def _health(table: schema.Health) -> to.Health:
    values = dict(table)
    values["accept"] = tuple(table.accept)
    values["components"] = tuple(
        to.Component(name, path or f"{table.path.rstrip('/')}/{name}") for name, path in table.components.items()
    )
    if table.version:
        values["version"] = to.Version(table.version.path or "", table.version.field, table.version.file)
    return to.Health(**values)
