"""`/ops`: what it understands, what it writes down, and who may tick what."""

from dataclasses import replace
from datetime import timedelta

import pytest

from commands.command import Request
from commands.errors import CommandError
from commands.registry import ACTIONS
from commands.replies import Reply
from commands.views.check import Check, announcement
from deployers.checklists import BUILT_IN, Posted
from storage import audit, checklists
from storage.models import ChecklistPoint, ChecklistRun
from tests.builders import NOW
from tests.unit.commands.world import PEOPLE, World


@pytest.fixture
def world(store) -> World:
    made = World(store)
    made.services = replace(made.services, checklists=Posted(BUILT_IN, {"daily": "mornings"}))
    return made


def wanted(world: World) -> list[ChecklistRun]:
    with world.store.look() as session:
        return checklists.wanted(session)


def acts(world: World) -> list[str]:
    with world.store.look() as session:
        return [entry.action for entry in audit.newest(session)]


# Asking


def test_a_check_is_promised_at_once_and_wanted_in_the_rows(world):
    reply = world.says("ana", "/ops check")
    assert reply.text == "I am looking at the daily checklist. The card comes in #mornings within seconds."
    (run,) = wanted(world)
    assert (run.checklist, run.environment, run.channel) == ("daily", "", "mornings")
    assert (run.asked_by, run.asked_name, run.schedule) == ("U0ANA", "ana", "")
    assert acts(world) == ["checklist.asked"]


@pytest.mark.parametrize(
    ("text", "checklist", "place"),
    [
        ("weekly", "weekly", ""),
        ("production", "daily", "production"),
        ("prod weekly", "weekly", "production"),
        ("WEEKLY Staging", "weekly", "staging"),
    ],
)
def test_words_come_in_any_order_and_environments_by_any_name(world, text, checklist, place):
    world.says("ana", f"/ops check {text}")
    (run,) = wanted(world)
    assert (run.checklist, run.environment) == (checklist, place)


def test_a_checklist_without_a_schedule_is_posted_where_deployments_are(world):
    assert "#deployments" in world.says("ana", "/ops check weekly").text


def test_who_asks_while_i_look_joins_the_one_who_asked_before(world):
    world.says("ana", "/ops check")
    world.says("ana", "/ops check production")
    reply = world.says("ben", "/ops check daily")
    assert reply.text == "I am looking already, asked for by <@U0ANA>. The card comes in #mornings."
    assert len(wanted(world)) == 2


def test_the_same_request_twice_wants_one_check(world):
    """A worker that was interrupted runs it again under the same key."""
    for _ in range(2):
        world.says("ana", "/ops check")
    assert len(wanted(world)) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/ops check weekley", "Did you mean `weekly`?"),
        ("/ops check prodution", "Did you mean `production`?"),
        ("/ops check tomatoes", "There is `daily`, `weekly`, `staging`, `production`."),
        ("/ops check daily weekly", "what to check with `weekly`"),
        ("/ops check staging production", "what to check with `production`"),
        ("/ops chekc weekly", "Did you mean `/ops check weekly`?"),
        ("/ops tomatoes", "Type `/ops help` to see what I do."),
        ("/ops check --all", "I know no option `--all` here."),
        ("/ops check `<!channel>`", "I do not know what to check"),
    ],
)
def test_what_is_not_understood_is_answered_with_what_was_meant(world, text, says):
    reply = world.says("ana", text)
    assert not reply.ok
    assert says in reply.text
    assert "<!channel>" not in reply.text
    assert wanted(world) == []
    assert acts(world) == ["command.refused"]


@pytest.mark.parametrize("text", ["/ops help", "/ops"])
def test_help_tells_what_can_be_typed(world, text):
    reply = world.says("gus", text)
    assert reply.ok
    assert "/ops check [daily|weekly] [environment]" in reply.text


# Ticking


def a_check(world: World, *points: str, key: str = "a") -> ChecklistRun:
    """Store a weekly check that is done, with these points on its card."""
    with world.store.begin() as session:
        run = ChecklistRun(
            key=key, checklist="weekly", schedule="week", channel="deployments", due_at=world.now, wanted_at=world.now
        )
        stored = checklists.want(session, run)
        raised = [
            checklists.raise_point(session, ChecklistPoint(checklist="weekly", text=text, raised_at=world.now)).number
            for text in points
        ]
        checklists.done(session, stored, [], raised, world.now)
        return stored


def box(run: ChecklistRun, at: int = 0) -> str:
    return f"point:{run.number}:{run.points[at]}:{run.version}"


def ticks(world: World, who: str, block: str, *, on: bool = True) -> Reply:
    handler = next(it for it in ACTIONS if it.name == "checklist.tick")
    value = "done" if on else ""
    request = Request(handler.name, PEOPLE[who], value=value, fields={block: value}, key=f"{who}:{block}")
    try:
        return handler(request, world.services)
    except CommandError as error:
        return Reply(str(error), ok=False, code=error.code)


def point(world: World, run: ChecklistRun, at: int = 0) -> ChecklistPoint:
    with world.store.look() as session:
        return checklists.points(session, run)[at]


def version(world: World, run: ChecklistRun) -> int:
    with world.store.look() as session:
        return checklists.get(session, run.number).version


def test_who_ticks_a_point_and_when_is_kept_and_everybodys_card_follows(world):
    run = a_check(world, "Plan the week")
    world.later(minutes=5)
    assert ticks(world, "ana", box(run)) == Reply("")
    kept = point(world, run)
    assert (kept.ticked_by, kept.ticked_name, kept.ticked_at) == ("U0ANA", "ana", NOW + timedelta(minutes=5))
    assert version(world, run) == run.version + 1
    assert acts(world) == ["checklist.ticked"]


def test_a_tick_may_be_taken_back(world):
    run = a_check(world, "Plan the week")
    ticks(world, "ana", box(run))
    ticks(world, "ben", box(run), on=False)
    assert point(world, run).ticked_at is None
    assert acts(world) == ["checklist.unticked", "checklist.ticked"]


def test_of_two_who_tick_the_first_one_stays(world):
    run = a_check(world, "Plan the week")
    ticks(world, "ana", box(run))
    reply = ticks(world, "ben", box(run))
    assert reply.text.startswith("<@U0ANA> ticked that already")
    assert point(world, run).ticked_by == "U0ANA"


def test_who_has_no_role_ticks_nothing_and_their_box_is_put_right(world):
    run = a_check(world, "Plan the week")
    reply = ticks(world, "gus", box(run))
    assert (reply.ok, reply.code) == (False, "role")
    assert point(world, run).ticked_at is None
    assert version(world, run) == run.version + 1


def test_without_an_answer_about_roles_nothing_is_ticked(world):
    run = a_check(world, "Plan the week")
    world.people.away = True
    assert ticks(world, "ana", box(run)).code == "identity"
    assert point(world, run).ticked_at is None


def test_every_card_that_shows_a_point_follows(world):
    first = a_check(world, "Plan the week")
    with world.store.begin() as session:
        second = checklists.want(
            session,
            ChecklistRun(key="b", checklist="weekly", channel="deployments", due_at=world.now, wanted_at=world.now),
        )
        checklists.done(session, second, [], first.points, world.now)
    ticks(world, "ana", box(first))
    assert version(world, first) == first.version + 1
    assert version(world, second) == second.version + 1


def test_an_old_tick_is_not_taken_back_once_it_is_asked_for_anew(world):
    old = a_check(world, "Plan the week")
    ticks(world, "ana", box(old))
    a_check(world, "Plan the week", key="b")
    reply = ticks(world, "ana", box(old), on=False)
    assert "a newer card asks for it again" in reply.text
    assert point(world, old).ticked_by == "U0ANA"


@pytest.mark.parametrize("block", ["", "point:1:1", "point:1:x:1", "box:1:1:1", "point:1:1:1:1", "point:-1:1:1"])
def test_a_box_that_is_on_nobodys_card_is_refused(world, block):
    a_check(world, "Plan the week")
    assert ticks(world, "ana", block).code == "tampered"


def test_a_point_that_is_not_there_is_refused(world):
    run = a_check(world, "Plan the week")
    assert ticks(world, "ana", f"point:{run.number}:404:1").code == "not_found"


# The card


def test_each_box_has_an_id_that_changes_with_the_card_or_clients_would_keep_their_own_tick(world):
    run = a_check(world, "Plan the week", "Read the mail")
    before = boxes(world, run)
    ticks(world, "ana", box(run))
    with world.store.look() as session:
        after = boxes(world, checklists.get(session, run.number))
    assert len(before | after) == 4


def boxes(world: World, run: ChecklistRun) -> set[str]:
    with world.store.look() as session:
        points = tuple(checklists.points(session, run))
    blocks = announcement(Check(run, "Weekly check", (), points))
    return {block["block_id"] for block in blocks if block["type"] == "actions"}
