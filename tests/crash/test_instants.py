"""kill -9 before and after commits, SSH commands and calls to Slack of a deployment and a rollback."""

import os
import sys
from random import Random

from tests.crash.instants import INSIDE, at_each
from tests.crash.stage import theatre, verdict


def test_killed_around_commits_ssh_commands_and_calls_to_slack_it_comes_to_the_same_end(
    tmp_path, monkeypatch, capsys, instants, seed
):
    monkeypatch.setenv("PYTHONPATH", str(INSIDE), prepend=os.pathsep)
    with theatre(tmp_path) as stage:
        deaths = at_each(stage, instants, Random(seed))
        faults = verdict(stage)
    with capsys.disabled():
        sys.stdout.write(f"\nseed {seed}\n{deaths}\n")
    assert not faults, "\n".join(faults)
    assert {kind for all_ in deaths.seen.values() for kind in all_} == {
        f"{when} {what}" for when in ("before", "after") for what in ("a commit", "an SSH command", "a call to Slack")
    }
    assert deaths.died
