"""Built-in recipes, as data beside this file."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from importlib.resources import files
from typing import Any

from deployers.environment import Recipe, Shared

KEYS = tuple(each.name for each in fields(Recipe) if each.name != "name")
"""What a recipe may say."""
_LISTS = frozenset(each.name for each in fields(Recipe) if each.default == () and each.name != "shared")


def built_in() -> dict[str, dict[str, Any]]:
    """Return the tables of the recipes that come with Shipmate, by name."""
    found = (entry for entry in files(__name__).iterdir() if entry.name.endswith(".toml"))
    return {entry.name.removesuffix(".toml"): tomllib.loads(entry.read_text(encoding="utf-8")) for entry in found}


def recipe(name: str, table: Mapping[str, Any], *, environment: str) -> Recipe:
    """Return the recipe that a table describes, as one environment sees it."""
    values: dict[str, Any] = {key: tuple(value) if key in _LISTS else value for key, value in table.items()}
    values["shared"] = tuple(_shared(entry, environment) for entry in table.get("shared", ()))
    return Recipe(name=name, **values)


def _shared(entry: str | Mapping[str, str], environment: str) -> Shared:
    source, to = (entry, entry) if isinstance(entry, str) else (entry["from"], entry["to"])
    return Shared(source.replace("{environment}", environment), to.replace("{environment}", environment))
