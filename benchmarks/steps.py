"""What eight recorded steps on one target cost, beside the OpenSSH client, over a real sshd on this machine.

Interleaved rounds, medians, and each as a ratio to the floor: one OpenSSH connection that runs one plain script.
"""

import subprocess
import tempfile
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median

from benchmarks.kit import Result, ms, timed
from deployers.ports import Authority, Operation
from deployers.ssh import SshRemote
from tests.system.sshd import Sshd, sshd

STEPS, ROUNDS = 8, 9
SCRIPT = "set -eu; mkdir -p bench; date > bench/stamp; cat bench/stamp"
_numbers = count(1)


def run(*, quick: bool) -> Result:
    """Run the steps each way, round after round."""
    rounds = 1 if quick else ROUNDS
    with tempfile.TemporaryDirectory() as folder, sshd(Path(folder)) as server:
        kept = SshRemote(server.place(), key_file=str(server.key_file))
        _perform(kept, server)
        ways: dict[str, Callable[[], None]] = {
            "OpenSSH, one connection, one script (the floor)": lambda: _openssh(server, [SCRIPT] * STEPS, once=True),
            "OpenSSH, a connection a step": lambda: _openssh(server, [SCRIPT] * STEPS, once=False),
            "Shipmate, cold connection, eight recorded steps": lambda: _cold(server),
            "Shipmate, kept connection, eight recorded steps": lambda: _perform(kept, server),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                with timed(seconds[name]):
                    way()
        kept.close()
    medians = {name: median(taken) for name, taken in seconds.items()}
    floor = next(iter(medians.values()))
    rows = [[name, ms(taken), f"{taken / floor:.2f} x"] for name, taken in medians.items()]
    return Result("steps", (f"{STEPS} steps on one target", "median", "of the floor"), rows, {"seconds": medians})


def _openssh(server: Sshd, scripts: list[str], *, once: bool) -> None:
    words = [
        "ssh", "-F", "none", "-i", str(server.key_file), "-p", str(server.port), "-o", "BatchMode=yes",
        "-o", f"UserKnownHostsFile={server.known_hosts}", f"{server.place().user}@127.0.0.1",
    ]  # fmt: skip
    for script in ["\n".join(scripts)] if once else scripts:
        subprocess.run([*words, script], check=True, capture_output=True, timeout=60)


def _cold(server: Sshd) -> None:
    remote = SshRemote(server.place(), key_file=str(server.key_file))
    _perform(remote, server)
    remote.close()


def _perform(remote: SshRemote, server: Sshd) -> None:
    number = next(_numbers)
    operations = [Operation(f"d{number}.{step}.web1.1", SCRIPT, timedelta(minutes=1), "bench") for step in range(STEPS)]
    records = remote.perform(server.host, operations, Authority(f"d{number}", 1))
    assert [record.exit_code for record in records] == [0] * STEPS
