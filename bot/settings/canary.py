"""The canary of an environment and the metrics it is judged by: how they are written, their rules and their values."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import Field, PlainValidator, model_validator

from bot.settings.rules import Broken, dig
from bot.settings.table import Table
from bot.settings.words import Duration, Positive, Route, Web, shown
from deployers.comparing import prometheus, tuning
from deployers.comparing.exposition import Selector

_NO_TABLE: dict[str, Any] = {}
_NO_LIST: list[Any] = []


def share(value: Any) -> int:
    """Return a percentage at which some visitors have the release and some have not."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 99:
        raise ValueError(
            f"{shown(value)} is no share of the visitors: at 0 nobody would see the canary, and at 100 there would be"
            " nothing to compare it with. Write a whole number from 1 to 99"
        )
    return value


def rate(value: Any) -> float:
    """Return a success rate in per cent that can be shown."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 50 <= value <= 99.999:
        raise ValueError(
            f"{shown(value)} is no success rate that can be shown: no number of requests shows 100 %."
            " Write per cent from 50 to 99.999, such as `99.5`, which takes 598 clean requests"
        )
    return float(value)


def selector(value: Any) -> str:
    """Return which counters are meant."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f'{shown(value)} names no counter. Write for example `"http_requests_total"`')
    Selector.read(value)
    return value


def query(value: Any) -> str:
    """Return a question to Prometheus with placeholders that are known."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{shown(value)} is no query. Write PromQL")
    if wrong := prometheus.unknown(value):
        known = ", ".join(f"`{{{name}}}`" for name in prometheus.PLACEHOLDERS)
        raise ValueError(f"`{{{wrong[0]}}}` is no placeholder of a query. Known here: {known}")
    return value


Share = Annotated[int, PlainValidator(share)]
Rate = Annotated[float, PlainValidator(rate)]
Counter = Annotated[str, PlainValidator(selector)]
Query = Annotated[str, PlainValidator(query)]


class Endpoint(Table):
    """Where each target tells its own counters."""

    path: Route = "/metrics"
    requests: Counter = Field(examples=["http_requests_total"])
    errors: Counter = Field(examples=['http_requests_total{code=~"5.."}'])
    seconds: Counter | None = None


class Canary(Table):
    """How a canary is judged."""

    percentage: Share = 10
    duration: Positive = Field(default="1h", validate_default=True)
    success_rate: Rate = 99.5
    steps: list[Share] = []
    max_error_ratio: float = Field(default=1.25, ge=1, le=100)
    max_p95_ratio: float = Field(default=1.5, ge=1, le=100)
    interval: Duration = Field(default="0s", validate_default=True)
    remind: Duration = Field(default="30m", validate_default=True)
    endpoint: Endpoint | None = None
    log: str = Field(default="", pattern=r"^(/[^\x00-\x1f]+)?$", examples=["/var/log/nginx/shipmate.log"])

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if any(before >= after for before, after in pairwise(self.steps)):
            raise ValueError("the steps of a canary have to rise. Write for example `steps = [1, 10, 50]`")
        if self.steps and "percentage" in self.model_fields_set:
            raise ValueError("a canary rises through `steps`, or stays at a `percentage`. Remove one of them")
        if self.endpoint and self.log:
            raise ValueError("a canary is judged by one source. Remove either `endpoint` or `log`")
        return self


class Metrics(Table):
    """Where Prometheus is, and what it is asked."""

    prometheus: Web = Field(examples=["http://127.0.0.1:9090"])
    requests: Query = Field(examples=['sum(increase(http_requests_total{colour="{colour}"}[{window}])) or vector(0)'])
    errors: Query = Field(
        examples=['sum(increase(http_requests_total{colour="{colour}",code=~"5.."}[{window}])) or vector(0)']
    )
    p95: Query | None = None


def value(table: Canary | None, metrics: Metrics | None, strategies: tuple[str, ...]) -> tuning.Canary | None:
    """Return how a canary is judged here; nothing where there is none."""
    if table is None:
        if "canary" not in strategies:
            return None
        table = Canary()
    values = dict(table)
    endpoint = values.pop("endpoint")
    own = tuning.Endpoint(**{**dict(endpoint), "seconds": endpoint.seconds or ""}) if endpoint else None
    asked = (
        tuning.Queries(**{**dict(metrics), "p95": metrics.p95 or ""}) if metrics and not (own or table.log) else None
    )
    return tuning.Canary(**{**values, "steps": tuple(table.steps), "endpoint": own, "metrics": asked})


def broken(raw: Mapping[str, Any], built_in: Mapping[str, Mapping[str, Any]]) -> Iterator[Broken]:
    """Yield what does not hold between a canary and the hosts, balancers and recipes that it needs."""
    recipes = {**built_in, **dig(raw, "recipes", default=_NO_TABLE)}
    for name, table in dig(raw, "environments", default=_NO_TABLE).items():
        path = ("environments", name)
        allowed = [*dig(table, "strategies", default=_NO_LIST), dig(table, "strategy", default="")]
        balancer = dig(table, "balancer", default=_NO_TABLE)
        if dig(table, "canary", "log", default="") and balancer.get("kind") != "nginx":
            wrong = "a canary is judged by the log of an nginx in front of it, and there is none"
            yield Broken((*path, "canary", "log"), wrong, f'Write `[environments.{name}.balancer] kind = "nginx"`')
        chosen = dig(table, "recipe", default="") or dig(raw, "app", "recipe", default="web")
        recipe = {**built_in.get(chosen, {}), **dig(recipes, chosen, default=_NO_TABLE)}
        has_sides = bool(balancer) and bool(recipe.get("colour_start"))
        hosts = dig(table, "ssh", "hosts", default=_NO_LIST)
        if "canary" in allowed and "ssh" in table and len(hosts) == 1 and not has_sides:
            yield Broken(
                (*path, "strategies" if "strategies" in table else "strategy"),
                "a canary on the only host would leave nothing to compare it with",
                f"Name another host, or write `[environments.{name}.balancer]` and a recipe with `colour_start`",
            )
