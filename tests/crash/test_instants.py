"""kill -9 before and after commits, SSH commands and calls to Slack of a deployment and a rollback."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from tests.crash.instants import INSIDE, Deaths, Share, at_each
from tests.crash.stage import theatre, verdict


def test_killed_around_commits_ssh_commands_and_calls_to_slack_it_comes_to_the_same_end(
    tmp_path, monkeypatch, capsys, instants, abreast, seed
):
    monkeypatch.setenv("PYTHONPATH", str(INSIDE), prepend=os.pathsep)
    shares = [Share(instants, place, abreast) for place in range(abreast)]
    with ThreadPoolExecutor(abreast) as worlds:
        found = list(worlds.map(lambda share: _in_one(tmp_path / f"world{share.place + 1}", share, seed), shares))
    deaths = sum((died for died, _ in found), Deaths())
    with capsys.disabled():
        sys.stdout.write(f"\nseed {seed}, in {abreast} worlds at a time\n{deaths}\n")
    assert not any(faults for _, faults in found), "\n".join(fault for _, faults in found for fault in faults)
    assert {kind for all_ in deaths.seen.values() for kind in all_} == {
        f"{when} {what}" for when in ("before", "after") for what in ("a commit", "an SSH command", "a call to Slack")
    }
    assert deaths.died


def _in_one(folder: Path, share: Share, seed: int) -> tuple[Deaths, list[str]]:
    folder.mkdir()
    with theatre(folder) as stage:
        return at_each(stage, share, Random(seed)), verdict(stage)
