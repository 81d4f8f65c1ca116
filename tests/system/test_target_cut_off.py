"""A target whose network is gone, both ways or only its replies: its step ends there once, and is read afterwards."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from deployers.ports import Authority, Operation
from deployers.ssh import SshRemote
from deployers.ssh_line import Patience
from tests.system.island import Island, Wire, island
from tests.system.sshd import Sshd, sshd
from tests.system.wrapped import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]
SILENCE = 3
"""Seconds after which a connection that says nothing counts as lost."""
OURS = Authority("d1", 1)
WAYS: dict[str, tuple[Callable[[Wire], None], Callable[[Wire], None]]] = {
    "both ways": (Wire.cut, Wire.mend),
    "only the replies": (Wire.lose_replies, Wire.find_replies),
}


@pytest.fixture
def land() -> Iterator[Island]:
    with island(1) as made:
        yield made


@pytest.fixture
def server(tmp_path, land) -> Iterator[Sshd]:
    with sshd(tmp_path / "sshd", address=land.wires[0].address, within=land.within) as running:
        yield running


def gated(folder: Path) -> Operation:
    script = (
        f"echo begun >> {folder}/notes; until [ -e {folder}/gate ]; do sleep 0.05; done; echo late; touch {folder}/over"
    )
    return Operation("d1.1.web1.1", script, timedelta(seconds=120))


@pytest.mark.parametrize("way", WAYS)
def test_a_step_on_a_target_that_is_cut_off_ends_once_and_its_outcome_is_read_when_the_network_is_back(
    land, server, tmp_path, way
):
    breaks, mends = WAYS[way]
    remote = SshRemote(server.place(), key_file=str(server.key_file), patience=Patience(silence=SILENCE, mend=90))
    try:
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(remote.perform, server.host, [gated(tmp_path)], OURS)
            until((tmp_path / "notes").exists)
            breaks(land.wires[0])
            (tmp_path / "gate").touch()
            until((tmp_path / "over").exists)
            Event().wait(2 * SILENCE)
            assert not running.done(), "nobody here can know it yet"
            mends(land.wires[0])
            (record,) = running.result(120)
    finally:
        remote.close()
    assert (record.exit_code, record.output) == (0, "late\n")
    assert (tmp_path / "notes").read_text().split() == ["begun"]
