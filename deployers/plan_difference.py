"""How two plans differ, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from deployers.plan import Plan

_FREE = frozenset({"release", "ref", "steps", "reason", "backup"})
"""What may differ between two plans that mean the same, or follows from the rest."""
_UNNAMED = frozenset({"resolved", "place"})


def changed(approved: Plan, fresh: Plan) -> str:
    """Return in words how two plans differ."""
    one, other = dict(_leaves(approved.document())), dict(_leaves(fresh.document()))
    parts = [_differs(name, one.get(name), other.get(name)) for name in dict.fromkeys([*one, *other])]
    # The steps follow from everything else, so they are named only where nothing else is.
    return ", ".join(filter(None, parts)) or "its steps changed"


def _leaves(document: Mapping[str, Any], *above: str) -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, *above, *([key] if key not in _UNNAMED else ()))
        elif key not in _FREE or above:
            yield " ".join([*above, key]).replace("_", " "), value


def _differs(name: str, was: Any, now: Any) -> str:
    if was == now:
        return ""
    plain = all(isinstance(it, str | int) and len(str(it)) < 40 for it in (was, now))
    return f"{name} is {now} now, it was {was}" if plain else f"{name} changed"
