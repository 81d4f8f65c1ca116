"""Write the golden views anew: `python -m tests.golden`, then read the difference."""

import json
from pathlib import Path
from typing import Any

from tests.golden.backs import backs
from tests.golden.blame import blame
from tests.golden.canaries import canaries
from tests.golden.cards import cards
from tests.golden.checks import checks
from tests.golden.holds import holds
from tests.golden.maintenance import maintenances
from tests.golden.others import others
from tests.golden.pages import pages
from tests.golden.revisions import revisions

PLACE = Path(__file__).parent / "views"


def every() -> dict[str, Any]:
    """Return every golden view by the name of its file."""
    trouble = {**backs(), **blame(), **canaries(), **holds()}
    return {**trouble, **cards(), **checks(), **maintenances(), **others(), **pages(), **revisions()}


def written(view: object) -> str:
    """Return a view as its file holds it."""
    return json.dumps(view, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every view, and remove files of views that are gone."""
    PLACE.mkdir(exist_ok=True)
    views = every()
    for old in PLACE.glob("*.json"):
        if old.stem not in views:
            old.unlink()
    for name, view in views.items():
        (PLACE / f"{name}.json").write_text(written(view), encoding="utf-8")


if __name__ == "__main__":
    main()
