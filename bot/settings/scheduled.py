"""What happens by the clock, and what a check looks at, as shipmate.toml says it."""

from typing import Self

from pydantic import Field, model_validator

from bot.settings.table import Table, Word
from bot.settings.words import Cron, Name, Positive


class Schedule(Table):
    """Something that happens by the clock."""

    name: Name = Field(examples=["morning"])
    cron: Cron = Field(examples=["0 9 * * mon-fri"])
    checklist: str = Field(default="", examples=["daily"])
    drill: str = ""
    backup: str = ""
    channel: Word = "deployments"

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if sum(map(bool, (self.checklist, self.drill, self.backup))) != 1:
            raise ValueError(
                "a schedule does one thing. Write one of `checklist`, `drill` and `backup`, such as"
                ' `checklist = "daily"` or `drill = "staging"`'
            )
        return self


class Item(Table):
    """One line of a checklist: a probe, or something that a person does."""

    probe: str = ""
    person: str = Field(default="", max_length=70)
    owner: str = Field(default="", max_length=30)
    title: str = Field(default="", max_length=40)
    environments: list[str] = []
    attention: int | float | str | None = None
    bad: int | float | str | None = None
    advice: str = Field(default="", max_length=300)
    run: str = ""
    pattern: str = ""
    timeout: Positive = Field(default="10s", validate_default=True)


class Checklist(Table):
    """What a check looks at."""

    title: str = Field(default="", max_length=60)
    items: list[Item] = Field(min_length=1, examples=[[{"probe": "disk"}]])
