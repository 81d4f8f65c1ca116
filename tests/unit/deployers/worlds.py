"""Environments and plans to reason about."""

from datetime import UTC, datetime, timedelta

from deployers.environment import Environment, Health, Host, Place, Recipe, Shared, Version
from deployers.plan import Plan
from deployers.ports import Difference, Revision
from deployers.strategies import plan_for, release_name

SHA = "c0ffee" + "0" * 34
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

WEB = Recipe(
    "web",
    shared=(Shared("storage", "storage"),),
    build=("sh build.sh",),
    migrate=("python3 migrate.py",),
    migrations_path="migrations",
    candidate_start=("svc candidate start {release} {candidate_port}",),
    candidate_stop=("svc candidate stop",),
    restart=("svc restart web",),
)
LARAVEL = Recipe(
    "laravel",
    shared=(Shared(".env.production", ".env"),),
    maintenance_on=("php artisan down",),
    build=("composer install",),
    migrate=("php artisan migrate --force",),
    optimize=("php artisan optimize",),
    restart=("php artisan horizon:terminate",),
    maintenance_off=("php artisan up",),
)
HEALTH = Health(
    version=Version("/api/version", "sha"),
    target="http://127.0.0.1:{port}",
    candidate="http://127.0.0.1:{candidate_port}",
    interval=timedelta(seconds=1),
    window=timedelta(seconds=10),
)


def environment(
    hosts: int = 2, *, batch: int | str = 1, recipe: Recipe = WEB, health: Health | None = HEALTH, path: str = "app"
) -> Environment:
    """Return an environment with hosts web1, web2, …"""
    names = tuple(Host(f"web{n}", "127.0.0.1", port=8000 + n, candidate_port=9000 + n) for n in range(1, hosts + 1))
    place = Place("deploy", path, names, "known_hosts", batch=batch)
    return Environment("production", "shop", "/srv/git/shop.git", recipe, place=place, health=health)


def plan(where: Environment, *, kind: str = "deploy", sha: str = SHA, migrations: tuple[str, ...] = ()) -> Plan:
    """Return the plan for v2.3 on an environment."""
    return plan_for(
        where,
        kind=kind,
        revision=Revision("v2.3", "refs/tags/v2.3", sha),
        replaces="",
        release=release_name(sha, NOON),
        difference=Difference((), 0, (), 0, migrations),
        strategy="rolling",
    )
