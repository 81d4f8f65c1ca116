"""The environment as it was approved, read back from a plan: what runs and resumes is what people agreed to."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from deployers.environment import Environment


@cache
def _reader() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Environment)


def approved(document: Mapping[str, Any], now: Environment | None) -> Environment:
    """Return the environment that a plan's `resolved` stands for.

    Names to call it by, freezes and the values of secret health headers are not part of what is approved: they come
    from the configuration of now, as far as the environment is still in it.

    Raises:
        ValueError: it is no such document.
    """
    names = (document.get("health") or {}).get("headers") or ()
    plain = {**document, "health": {**document["health"], "headers": {}} if document.get("health") else None}
    read: Environment = _reader().validate_python(plain)
    values = now.health.headers if now and now.health else {}
    if read.health:
        headers = {name: values[name] for name in names if name in values}
        read = replace(read, health=replace(read.health, headers=headers))
    return replace(read, aliases=now.aliases, freezes=now.freezes) if now else read
