"""A change and its audit entry are one thing: both are there, or neither."""

import pytest

from storage import audit
from storage.models import AuditHead, Status
from tests.unit.bot.stage import Stage


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def test_the_life_of_a_deployment_is_told_by_the_audit(stage):
    asked = stage.asks()
    assert stage.conduct(asked) == "succeeded"
    with stage.store.look() as session:
        told = [entry.action for entry in audit.about(session, f"deployment:{asked.number}")]
    assert told == ["deployment.started", "deployment.succeeded"]


def test_a_change_whose_audit_entry_cannot_be_written_is_not_made(stage):
    asked = stage.asks()
    with stage.store.begin() as session:
        session.delete(session.get(AuditHead, 1))
    with pytest.raises(Exception, match="No row was found"), stage.changes.of(asked.number) as change:  # noqa: PT012 - the entry is written at the block's end
        change.deployment.advance(Status.PREPARING, at=stage.clock())
        change.note("deployment.started")
    assert stage.get(asked).status is Status.QUEUED
