"""What tables of shipmate.toml have in common, as pydantic sees them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot.settings.words import Address, HostName

Port = Annotated[int, Field(ge=1, le=65535)]
Word = Annotated[str, Field(min_length=1)]


class Table(BaseModel):
    """A table of the file: unknown keys are faults, and a number is not a string."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Host(Table):
    """One target."""

    name: HostName = Field(examples=["web1"])
    address: Address = Field(examples=["10.0.0.11"])
    ssh_port: Port = 22
    port: Port = 80
    candidate_port: Port = 8081
