"""A sandbox host that begins anew: a side that does not come up is tried again, and is not passed over in silence."""

import socket

from bot.sandbox.supervisor import TRIES, Supervisor


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def test_a_side_that_does_not_come_up_with_its_host_says_so_in_its_log(tmp_path):
    for name in ("run", "log", "app"):
        (tmp_path / name).mkdir()
    (tmp_path / "run" / "sides").write_text(f"green {free_port()}\n", encoding="utf-8")
    supervisor = Supervisor(tmp_path, port=free_port(), command=("false",), environment={})
    tried = []
    start = supervisor.colour_start

    async def counted(colour: str, port: int):
        tried.append(colour)
        return await start(colour, port)

    supervisor.colour_start = counted
    await supervisor.start()
    await supervisor.stop()
    told = (tmp_path / "log" / "green.log").read_text(encoding="utf-8")
    assert "green did not come up with the host: nothing to start" in told
    assert tried == ["green"] * TRIES
