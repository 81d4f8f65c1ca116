"""The balancer of an environment: how its table is written, the rules it keeps, and the value it becomes."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PlainValidator, model_validator

from bot.settings.lines import Path
from bot.settings.rules import Broken, dig
from bot.settings.table import Host, Table, Word
from bot.settings.words import Duration, Folder, shown
from deployers import environment as to

_NEEDED = {"nginx": ("include", "upstream"), "haproxy": ("backend",), "commands": ("set",)}
_EXAMPLES = {
    "include": 'include = "/etc/nginx/shipmate/app.conf"',
    "upstream": 'upstream = "app"',
    "backend": 'backend = "app"',
    "set": 'set = "/usr/local/bin/balance"',
}
_NO_TABLE: dict[str, Any] = {}
_NO_LIST: list[Any] = []


def known(value: Any) -> str:
    """Return a word that a balancer's configuration takes as a name."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", value):
        raise ValueError(f'{shown(value)} is not a name for a balancer. Write letters and digits, such as `"app"`')
    return value


Known = Annotated[str, PlainValidator(known)]
File = Annotated[str, Field(pattern=r"^/[^\x00-\x1f]+$")]


class Balancer(Table):
    """What stands in front of the application hosts."""

    kind: Literal["nginx", "haproxy", "commands"] = Field(examples=["nginx"])
    hosts: list[Host] = []
    user: str = Field(default="", pattern=r"^([A-Za-z_][A-Za-z0-9_.-]*)?$", examples=["deploy"])
    known_hosts: str = ""
    path: Folder | None = None
    include: File | None = Field(default=None, examples=["/etc/nginx/shipmate/app.conf"])
    upstream: Known | None = None
    options: list[Word] = []
    test: Word = "sudo -n nginx -t"
    reload: Word = "sudo -n systemctl reload nginx"
    pid: File = Field(default="/run/nginx.pid", examples=["/run/nginx.pid"])
    socket: Word = "/run/haproxy/admin.sock"
    backend: Known | None = None
    state: File | None = Field(default=None, examples=["/var/lib/haproxy/shipmate.state"])
    tell: str = Field(default="", alias="set")
    active: str = ""
    drain: Duration = Field(default="30s", validate_default=True)
    keep_warm: Duration = Field(default="1h", validate_default=True)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = {"include": self.include, "upstream": self.upstream, "backend": self.backend, "set": self.tell}
        for key in _NEEDED[self.kind]:
            if not given[key]:
                example = _EXAMPLES[key]
                raise ValueError(f"a balancer of kind `{self.kind}` needs `{key}`. Write for example `{example}`")
        return self


def value(table: Balancer, ssh: to.Place, *, name: str, app: str, folder: FilePath) -> to.Balancer:
    """Return the balancer with what it shares with the targets filled in."""
    values = {key: each for key, each in dict(table).items() if each is not None}
    mark = re.sub("[^a-z0-9]+", "-", app.lower()).strip("-")
    values["hosts"] = tuple(to.Host(**dict(host)) for host in table.hosts)
    values["options"] = tuple(table.options)
    values["user"] = table.user or ssh.user
    values["known_hosts"] = str(folder / FilePath(table.known_hosts).expanduser()) if table.known_hosts else ""
    values["known_hosts"] = values["known_hosts"] or ssh.known_hosts
    values["path"] = table.path or f"shipmate/{mark or 'app'}-{name}"
    return to.Balancer(**values)


def broken(raw: Mapping[str, Any], built_in: Mapping[str, Mapping[str, Any]]) -> Iterator[Broken]:
    """Yield what does not hold between environments' balancers, strategies, hosts and recipes."""
    recipes = {**built_in, **dig(raw, "recipes", default=_NO_TABLE)}
    for name, table in dig(raw, "environments", default=_NO_TABLE).items():
        balancer = dig(table, "balancer", default=_NO_TABLE)
        if not balancer:
            continue
        path = ("environments", name)
        chosen = dig(table, "recipe", default="") or dig(raw, "app", "recipe", default="web")
        recipe = {**built_in.get(chosen, {}), **dig(recipes, chosen, default=_NO_TABLE)}
        allowed = [*dig(table, "strategies", default=_NO_LIST), dig(table, "strategy", default="")]
        if "blue-green" in allowed and not recipe.get("colour_start"):
            yield Broken(
                (*path, "strategies" if "strategies" in table else "strategy"),
                f"`blue-green` serves a release on a second side, and the recipe `{chosen}` has no `colour_start`",
                f'Write `colour_start = ["sudo -n systemctl restart app@{{colour}}"]` in `[recipes.{chosen}]`',
            )
        yield from _hosts(path, table, balancer)


def _hosts(path: Path, table: Any, balancer: Mapping[str, Any]) -> Iterator[Broken]:
    hosts = dig(table, "ssh", "hosts", default=_NO_LIST)
    if not hosts:
        yield Broken(
            (*path, "balancer"),
            "a balancer has to know the hosts that it sends visitors to",
            f"Write `[{'.'.join(map(str, path))}.ssh]` with `hosts`",
        )
    addresses = {dig(each, "name", default=""): dig(each, "address", default="") for each in hosts}
    for index, host in enumerate(dig(balancer, "hosts", default=_NO_LIST)):
        name = dig(host, "name", default="")
        if name in addresses and addresses[name] != dig(host, "address", default=""):
            wrong = f"`{name}` is the name of an application host with another address"
            yield Broken((*path, "balancer", "hosts", index), wrong, "Write another name for the balancer")
