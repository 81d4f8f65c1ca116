"""What the page tells of the steps on a host is what the host's own records say."""

from datetime import timedelta

from bot.sandbox.records import newest_steps
from deployers.ports import Operation
from tests.system.wrapped import until, wrapped

__all__ = ["wrapped"]


def op(deployment: str, number: int, script: str) -> Operation:
    return Operation(f"{deployment}.{number}.web1.1", script, timedelta(seconds=60))


def told(wrapped):
    return [(step.label, step.state, step.code, step.said) for step in newest_steps(wrapped.folder / "ops")]


def test_a_host_without_records_has_no_steps(wrapped):
    assert told(wrapped) == []


def test_each_step_is_named_by_its_script_and_told_as_it_ended(wrapped):
    wrapped.perform(
        op("d1", 0, "set -eu\nsh build.sh || echo built"), op("d1", 1, "# migrate.py\necho no such table; exit 4")
    )
    assert told(wrapped) == [("build", "done", 0, "built"), ("migrate the database", "failed", 4, "no such table")]


def test_only_the_newest_deployment_is_told(wrapped):
    wrapped.perform(op("d1", 0, "echo old"))
    wrapped.perform(op("d2", 0, "echo new"))
    assert told(wrapped) == [("echo new", "done", 0, "new")]


def test_a_step_is_seen_running_with_what_it_says(wrapped):
    gate = wrapped.home / "gate"
    running = wrapped.performing(op("d1", 0, f"echo half way; until [ -e {gate} ]; do sleep 0.05; done"))
    until(lambda: told(wrapped) and told(wrapped)[0][3])
    (step,) = newest_steps(wrapped.folder / "ops")
    assert (step.state, step.code, step.seconds, step.said) == ("running", None, None, "half way")
    gate.touch()
    wrapped.heard(running)
    assert told(wrapped)[0][1] == "done"


def test_records_that_vanish_or_say_nothing_break_nothing(wrapped):
    ops = wrapped.folder / "ops"
    (ops / "d1.0.web1.1").mkdir(parents=True)
    (ops / "odd name").mkdir()
    (ops / "odd name" / "claim").write_bytes(b"\0\xff")
    (ops / "a file").write_text("not a step")
    assert told(wrapped) == [("a step", "waiting", None, "")]
