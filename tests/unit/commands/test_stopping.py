import pytest

from storage import audit, deployments, outbox, steps
from storage.models import Status, StepState
from tests.builders import a_step
from tests.unit.commands.world import World


def test_the_one_who_asked_takes_a_request_back_without_a_number(world):
    world.says("ana", "/deploy production v2.3")
    assert world.says("ana", "/deploy cancel").ok
    assert (world.deployment(1).status, world.deployment(1).aborted_by) == (Status.CANCELLED, "U0ANA")


def test_an_operator_cancels_for_others_and_a_guest_does_not(world):
    world.says("ana", "/deploy production v2.3")
    assert world.says("gus", "/deploy cancel 1").code == "role"
    assert world.presses("omar", "cancel", world.value(1)).ok


def test_an_abort_is_written_down_and_the_engine_woken(world):
    world.runs("v2.3")
    assert world.presses("ben", "abort", world.value(1)).ok
    deployment = world.deployment(1)
    assert (deployment.status, deployment.aborted_by, deployment.abort_back) == (Status.RUNNING, "U0BEN", False)
    assert world.engine.told[-1] == ("nudge", 1)
    again = world.presses("omar", "abort", world.value(1))
    assert "as <@U0BEN> asked" in again.text
    assert world.presses("omar", "abort_back", world.value(1)).ok
    assert world.deployment(1).abort_back


def test_an_abort_never_waits_for_a_look_up(world):
    world.runs("v2.3")
    world.people.away = True
    assert world.presses("gus", "abort", world.value(1)).ok
    with world.store.look() as session:
        assert "could not be checked" in audit.about(session, "deployment:1")[-1].detail["remark"]


def test_a_guest_does_not_stop_what_runs_while_roles_are_known(world):
    world.runs("v2.3")
    assert world.presses("gus", "abort", world.value(1)).code == "role"


def test_what_is_over_is_not_stopped_and_says_what_to_do(world):
    world.serves("v2.3")
    assert "/rollback latest production" in world.says("ana", "/deploy cancel 1").text
    assert world.says("ana", "/deploy cancel").code == "arguments"
    assert world.says("ana", "/deploy cancel x").code == "arguments"


def test_a_stale_abort_button_does_nothing(world):
    world.runs("v2.3")
    assert world.presses("ana", "abort", "1:" + "0" * 64).code == "stale"
    assert world.deployment(1).aborted_by is None


def test_approvers_are_nudged_in_the_thread_at_most_once_in_five_minutes(world):
    world.says("ana", "/deploy production v2.3")
    assert world.says("ana", "/deploy nudge").ok
    assert world.says("ana", "/deploy nudge 1").code == "too_soon"
    world.later(minutes=4, seconds=59)
    assert world.says("ana", "/deploy nudge 1").code == "too_soon"
    world.later(seconds=1)
    assert world.says("ana", "/deploy nudge 1").ok
    with world.store.look() as session:
        posts = [row for row in outbox.due(session, world.now) if row.in_thread]
    assert len(posts) == 2
    assert "<@U0BEN>" in posts[0].payload["text"]


def test_there_is_nothing_to_nudge_about_what_runs(world):
    world.runs("v2.3")
    assert world.says("ana", "/deploy nudge 1").code == "over"
    assert world.says("ana", "/deploy nudge").code == "arguments"


@pytest.fixture
def unclear(world) -> World:
    world.runs("v2.3")
    with world.store.begin() as session:
        deployment = deployments.get_for_change(session, 1)
        for target in ("web1", "web2"):
            record = steps.intend(session, a_step(1, 3, target=target))
            steps.settle(session, record.operation, StepState.UNKNOWN, at=world.now)
        deployment.advance(Status.UNKNOWN, at=world.now)
        session.add(deployment)
    return world


@pytest.mark.parametrize(("word", "state"), [("ran", StepState.SUCCEEDED), ("did-not-run", StepState.SKIPPED)])
def test_an_operator_says_what_became_of_a_step(unclear, word, state):
    reply = unclear.says("omar", f"/deploy resolve 1 3.web1 {word}")
    assert reply.ok
    with unclear.store.look() as session:
        record = steps.latest(session, 1, 3, "web1")
        assert (record.state, record.resolved_by) == (state, "U0OMAR")
        assert audit.about(session, "deployment:1")[-1].action == "step.resolved"
    assert unclear.engine.told[-1] == ("nudge", 1)


@pytest.mark.parametrize(
    ("action", "state"), [("step.ran", StepState.SUCCEEDED), ("step.did_not_run", StepState.SKIPPED)]
)
def test_the_buttons_beside_the_question_say_the_same(unclear, action, state):
    value = f"{unclear.value(1)}:3.web1"
    assert unclear.presses("ana", action, value).code == "role"
    assert unclear.presses("omar", action, value).ok
    with unclear.store.look() as session:
        assert steps.latest(session, 1, 3, "web1").state is state
    assert unclear.engine.told[-1] == ("nudge", 1)
    assert unclear.presses("omar", action, value).code == "arguments"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("1:other:3.web1", "stale"),
        ("1", "stale"),
        ("", "arguments"),
        ("x:y:z", "arguments"),
        ("99:h:3.web1", "not_found"),
    ],
)
def test_a_button_that_belongs_to_another_plan_says_nothing_of_a_step(unclear, value, code):
    assert unclear.presses("omar", "step.ran", value).code == code
    with unclear.store.look() as session:
        assert steps.latest(session, 1, 3, "web1").state is StepState.UNKNOWN


def test_a_step_that_is_not_named_well_is_asked_about_again(unclear):
    reply = unclear.says("omar", "/deploy resolve 1 3 ran")
    assert "/deploy resolve 1 3.web2 did-not-run" in reply.text
    assert unclear.says("omar", "/deploy resolve 1 3.web1 maybe").code == "arguments"
    assert unclear.says("omar", "/deploy resolve 1").code == "arguments"
    assert unclear.says("ana", "/deploy resolve 1 3.web1 ran").code == "role"
    assert "/deploy resolve 1 3.web1 ran" in unclear.says("ana", "/deploy status production").text


def test_what_failed_is_asked_for_again_under_the_name_of_who_pressed(world):
    world.runs("v2.3")
    with world.store.begin() as session:
        deployment = deployments.get_for_change(session, 1)
        deployment.advance(Status.FAILED, at=world.now)
        session.add(deployment)
    assert "Steps" in str(world.presses("gus", "details", world.value(1)).blocks)
    assert world.presses("ben", "retry", world.value(1)).ok
    assert (world.deployment(2).ref, world.deployment(2).requested_by) == ("v2.3", "U0BEN")
    assert world.presses("ben", "retry", world.value(2)).code == "over"


def test_a_branch_that_moved_is_not_tried_again_as_if_it_were_the_same(world):
    world.shelf.moved["main"] = "1" * 40
    world.shelf.tags.append("main")
    world.shelf.moved["main"] = world.shelf.resolve("v2.3").sha
    world.says("ana", "/deploy production main")
    world.says("ana", "/deploy cancel 1")
    world.shelf.moved["main"] = world.shelf.resolve("v2.4").sha
    assert world.presses("ana", "retry", world.value(1)).code == "moved"
