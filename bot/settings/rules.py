"""What must hold between the parts of shipmate.toml.

Each rule reads the raw tables, so that it finds its faults beside others.
"""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeVar

from bot.settings.lines import Path

STRATEGIES = ("rolling", "blue-green", "canary", "emergency")
ROLES = ("deployer", "approver", "operator", "admin")
_NO_TABLE: dict[str, Any] = {}
_NO_LIST: list[Any] = []
T = TypeVar("T")


class Broken(NamedTuple):
    """A rule that does not hold: where, why, and what to write instead."""

    path: Path
    wrong: str
    instead: str = ""


def dig(raw: Any, *path: str, default: T) -> T:
    """Return what stands at a path, or the default where it is missing or of another kind."""
    for key in path:
        raw = raw.get(key) if isinstance(raw, Mapping) else None
    return raw if isinstance(raw, type(default)) else default


def closest(word: str, known: Iterable[str]) -> str:
    """Suggest the closest known word, or list them all."""
    known = list(known)
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean `{near[0]}`?"
    return f"Known here: {', '.join(f'`{each}`' for each in known)}" if known else ""


def broken(raw: Mapping[str, Any], recipes: Iterable[str]) -> Iterator[Broken]:
    """Yield every rule that the file breaks; `recipes` are the built-in ones."""
    environments = {
        name: table for name, table in dig(raw, "environments", default=_NO_TABLE).items() if isinstance(table, dict)
    }
    known = sorted({*recipes, *dig(raw, "recipes", default=_NO_TABLE)})
    yield from _recipe(("app", "recipe"), dig(raw, "app", "recipe", default=""), known)
    yield from _names(environments)
    yield from _cycles(environments)
    yield from _roles(raw, environments)
    for name, table in environments.items():
        path = ("environments", name)
        yield from _recipe((*path, "recipe"), dig(table, "recipe", default=""), known)
        yield from _strategies(path, table)
        yield from _deployer(path, table, dig(raw, "app", "repository", default=""))
        yield from _hosts((*path, "ssh", "hosts"), dig(table, "ssh", "hosts", default=_NO_LIST))
        yield from _after(path, table, environments)
        yield from _approvals(path, table, raw)


def _recipe(path: Path, name: str, known: list[str]) -> Iterator[Broken]:
    if name and name not in known:
        yield Broken(
            path, f"there is no recipe `{name}`", f"{closest(name, known)} Or write your own as `[recipes.{name}]`"
        )


def _names(environments: Mapping[str, Any]) -> Iterator[Broken]:
    taken = dict.fromkeys(environments, "")
    for name, table in environments.items():
        for index, alias in enumerate(dig(table, "aliases", default=_NO_LIST)):
            if not isinstance(alias, str):
                continue
            if alias in taken:
                owner = f"an alias of `{taken[alias]}`" if taken[alias] else "an environment"
                path = ("environments", name, "aliases", index)
                yield Broken(
                    path,
                    f"`{alias}` is {owner} already",
                    "Write another alias, so that a command names one environment",
                )
            taken.setdefault(alias, name)


def _after(path: Path, table: Mapping[str, Any], environments: Mapping[str, Any]) -> Iterator[Broken]:
    after = dig(table, "after", default="")
    if after and after not in environments:
        yield Broken((*path, "after"), f"there is no environment `{after}`", closest(after, environments))


def _cycles(environments: Mapping[str, Any]) -> Iterator[Broken]:
    seen: set[str] = set()
    for start in environments:
        chain = [start]
        while (following := dig(environments.get(chain[-1]), "after", default="")) in environments:
            if following in chain:
                circle = chain[chain.index(following) :]
                if seen.isdisjoint(circle):
                    words = " → ".join(f"`{name}`" for name in (*circle, following))
                    path = ("environments", circle[0], "after")
                    yield Broken(
                        path, f"nothing could ever be deployed: {words} wait for each other", "Remove one `after`"
                    )
                seen.update(circle)
                break
            chain.append(following)


def _strategies(path: Path, table: Mapping[str, Any]) -> Iterator[Broken]:
    default, allowed = dig(table, "strategy", default="rolling"), dig(table, "strategies", default=_NO_LIST)
    if default not in STRATEGIES:
        yield Broken((*path, "strategy"), f"there is no strategy `{default}`", closest(default, STRATEGIES))
    elif allowed and default not in allowed:
        wrong = f"the default strategy `{default}` is not among the strategies that are allowed"
        yield Broken((*path, "strategies"), wrong, f'Add `"{default}"` to the list, or choose another `strategy`')
    for index, name in enumerate(allowed):
        if isinstance(name, str) and name not in STRATEGIES:
            yield Broken((*path, "strategies", index), f"there is no strategy `{name}`", closest(name, STRATEGIES))


def _deployer(path: Path, table: Mapping[str, Any], repository: str) -> Iterator[Broken]:
    name = dig(table, "deployer", default="ssh")
    label = ".".join(str(part) for part in path)
    if name == "ssh" and "ssh" not in table:
        yield Broken(
            path,
            f"`{label}` deploys over SSH and does not say where",
            f"Write a table `[{label}.ssh]` with user, path and hosts",
        )
    if name == "github" and "github" not in table:
        yield Broken(
            path,
            f"`{label}` deploys through GitHub and names no workflow",
            f'Write `[{label}.github]` with `workflow = "deploy.yml"`',
        )
    if name == "github" and not repository:
        yield Broken(
            ("app",),
            f"`{label}` deploys through GitHub and `app.repository` is not set",
            'Write `repository = "owner/name"`',
        )


def _hosts(path: Path, hosts: list[Any]) -> Iterator[Broken]:
    names: set[str] = set()
    for index, host in enumerate(hosts):
        name = dig(host, "name", default="")
        if name and name in names:
            yield Broken((*path, index), f"two hosts are called `{name}`", "Write another name for one of them")
        names.add(name)


def _roles(raw: Mapping[str, Any], environments: Mapping[str, Any]) -> Iterator[Broken]:
    used = {dig(table, "approvals", "role", default="") for table in environments.values()}
    for role in dig(raw, "roles", default=_NO_TABLE):
        if role not in ROLES and role not in used:
            yield Broken(
                ("roles", role), f"there is no role `{role}`, and no environment asks for it", closest(role, ROLES)
            )


def _approvals(path: Path, table: Mapping[str, Any], raw: Mapping[str, Any]) -> Iterator[Broken]:
    required = dig(table, "approvals", "required", default=1)
    role = dig(table, "approvals", "role", default="approver")
    roles = dig(raw, "roles", default=_NO_TABLE)
    if required <= 0:
        return
    if not roles.get(role) and not roles.get("admin"):
        wrong = f"nobody has the role `{role}`, which has to approve here"
        hint = (
            closest(role, roles)
            if role not in ROLES and role not in roles
            else f'Write `{role} = ["@a-user-group"]` under `[roles]`'
        )
        yield Broken((*path, "approvals", "role"), wrong, hint)
    elif role not in ROLES and role not in roles:
        yield Broken((*path, "approvals", "role"), f"there is no role `{role}`", closest(role, {*ROLES, *roles}))
    elif (
        most := _agreeing(roles, role, alone=dig(table, "approvals", "author_may_approve", default=False))
    ) < required:
        wrong = f"{required} have to approve, and at most {most} can"
        yield Broken(
            (*path, "approvals", "required"), wrong, f"Lower `required`, or give more people the role `{role}`"
        )


def _agreeing(roles: Mapping[str, Any], role: str, *, alone: bool) -> int:
    """Return how many people could at most approve what somebody else (or, `alone`, they themselves) asked for."""
    approvers, authors = _people(roles, role, "admin"), _people(roles, "deployer", "admin")
    if any(_group(member) for member in approvers):
        return 10**6
    if alone or not authors or any(_group(member) for member in authors):
        return len(approvers)
    return max(len(approvers - {author}) for author in authors)


def _people(roles: Mapping[str, Any], *names: str) -> set[str]:
    return {member for name in names for member in dig(roles, name, default=_NO_LIST) if isinstance(member, str)}


def _group(member: str) -> bool:
    return member.startswith("@") or (member.startswith("S") and "@" not in member)
