"""What the documentation says about the configuration is what the code reads."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from bot.settings import load, schema, variables
from deployers import recipes

PAGE = Path(__file__).parents[3] / "docs/configuration.md"
TABLES = [
    table
    for table in vars(schema).values()
    if isinstance(table, type) and issubclass(table, schema.Table) and table is not schema.Table
]


@pytest.fixture(scope="module")
def page() -> str:
    """Return the page."""
    return PAGE.read_text(encoding="utf-8")


def example(page: str) -> str:
    (text,) = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return text


def keys(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for key, each in value.items():
                yield key
                yield from keys(each)
        case list():
            for each in value:
                yield from keys(each)
        case _:
            pass


def test_the_example_parses(page, tmp_path):
    (tmp_path / "shipmate.toml").write_text(example(page), encoding="utf-8")
    settings = load({"HEALTH_TOKEN": "tok"}, tmp_path / "shipmate.toml")
    assert list(settings.environments) == ["staging", "legacy", "production"]
    assert [schedule.name for schedule in settings.schedules] == ["morning", "week", "nightly", "drill"]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_key_stands_in_the_example(page, table: type[BaseModel]):
    written = set(keys(tomllib.loads(example(page))))
    assert {info.alias or name for name, info in table.model_fields.items()} <= written


def test_every_variable_stands_on_the_page(page):
    assert [name for name in variables.NAMES if f"`{name}`" not in page] == []


def test_the_laravel_recipe_on_the_page_is_the_built_in_one(page):
    assert tomllib.loads(example(page))["recipes"]["laravel"] == recipes.built_in()["laravel"]


@pytest.mark.parametrize("name", recipes.built_in())
def test_every_built_in_recipe_has_the_shape_of_one(name):
    table = schema.Recipe.model_validate(recipes.built_in()[name])
    assert recipes.recipe(name, table.model_dump(exclude_unset=True), environment="production").name == name


def test_a_recipe_may_say_all_that_a_recipe_can_hold():
    assert set(schema.Recipe.model_fields) == set(recipes.KEYS)
