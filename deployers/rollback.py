"""What going back means, decided from values: whether migrations lie between, and the words for the choice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Way:
    """The way back from what runs to a release that served well."""

    environment: str
    from_ref: str
    to_ref: str
    migrations: tuple[str, ...] = ()
    """Paths of the migrations that lie between."""
    known: bool = True
    """Whether the migrations could be read at all."""
    policy: str = "ask"
    """`ask`, or `compatible` where every migration is declared to work with the release before it."""

    @property
    def asks(self) -> bool:
        """Say whether a person has to decide, because the database may not fit the older release."""
        return self.policy == "ask" and (bool(self.migrations) or not self.known)


def label(environment: str, ref: str) -> str:
    """Return what the dangerous button says: it names its target."""
    return f"Roll back {environment} to {ref}"


def caution(way: Way) -> str:
    """Return what has to be said about the database before anybody goes this way; empty when there is nothing."""
    if not way.known:
        return "I could not read whether migrations lie between. The database stays as it is; make sure that it fits."
    if not way.migrations:
        return ""
    count = len(way.migrations)
    lie = "1 migration lies" if count == 1 else f"{count} migrations lie"
    if way.policy == "compatible":
        return f"{lie} between, declared compatible with the older release. The database stays as it is."
    undone = "it" if count == 1 else "them"
    return (
        f"{lie} between, and going back does not undo {undone}: {way.to_ref} will run on the newer database."
        " Go on only if you know that it can."
    )


def between(plans: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the migrations in the stored plans of everything served since the target: what is known without git."""
    found: dict[str, None] = {}
    for plan in plans:
        found.update(dict.fromkeys(plan.get("migrations", ())))
    return tuple(found)
