import pytest

from commands import help as commands_help
from commands.registry import ACTIONS, COMMANDS, MODALS, SUBMISSIONS, SUGGESTIONS
from storage.models import Status
from tests.golden.__main__ import PLACE, every, written
from tests.golden.cards import CARDS

VIEWS = every()


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_a_view_is_as_its_golden_file_shows_it(name):
    """After a wanted change: `python -m tests.golden`, and read the difference."""
    assert written(VIEWS[name]) == (PLACE / f"{name}.json").read_text(encoding="utf-8")


def test_no_golden_file_is_left_over():
    assert {path.stem for path in PLACE.glob("*.json")} == set(VIEWS)


def test_every_status_has_a_card():
    assert {make().deployment.status for make in CARDS.values()} == set(Status) - {Status.REQUESTED}


def _actions(view):
    if isinstance(view, dict):
        yield from [view["action_id"]] if "action_id" in view else []
        for value in view.values():
            yield from _actions(value)
    elif isinstance(view, list | tuple):
        for value in view:
            yield from _actions(value)


def test_everything_that_can_be_pressed_has_somebody_who_listens():
    listens = {it.name for it in (*ACTIONS, *MODALS)} | set(SUGGESTIONS)
    pressed = {name for name in _actions(VIEWS) if not name.endswith((".choice", ".text"))}
    assert pressed <= listens
    assert {it.name for it in ACTIONS} <= pressed


def test_every_form_that_opens_can_be_submitted():
    forms = {view["callback_id"] for view in VIEWS.values() if isinstance(view, dict) and "callback_id" in view}
    assert forms == {it.name for it in SUBMISSIONS}
    assert forms <= {it.name for it in MODALS}


def test_the_commands_page_is_written_from_the_registry():
    """After a wanted change: `python -m commands.help > docs/commands.md`."""
    assert (PLACE.parents[2] / "docs" / "commands.md").read_text(encoding="utf-8") == commands_help.page()
    assert [it.name for it in COMMANDS] == ["deploy", "ops", "rollback"]
