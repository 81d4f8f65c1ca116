"""A worker of the sandbox's balancer that is told to go answers everybody whom it has accepted."""

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from contextlib import ExitStack, suppress

import pytest

from bot.sandbox.balancer import closes

VISITORS = 20


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    await reader.readline()
    writer.write(b"ok\n")
    writer.close()


async def visited(turns: int) -> tuple[int, int]:
    """Return how many visitors are answered, and left to the next worker, of those who come so many turns before."""
    with ExitStack() as opened:
        door = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=VISITORS))
        following = opened.enter_context(door.dup())
        following.setblocking(False)
        server = await asyncio.start_server(answer, sock=door)
        visitors = [opened.enter_context(socket.create_connection(following.getsockname())) for _ in range(VISITORS)]
        for visitor in visitors:
            visitor.sendall(b"hello\n")
            visitor.setblocking(False)
        for _ in range(turns):
            await asyncio.sleep(0)
        await closes(server, door)
        left = []
        with suppress(BlockingIOError):
            while True:
                left.append(opened.enter_context(following.accept()[0]))
        loop = asyncio.get_running_loop()
        said = [loop.create_task(loop.sock_recv(visitor, 16)) for visitor in visitors]
        ended, waiting = await asyncio.wait(said, timeout=0.5 if left else 10)
        for task in waiting:
            task.cancel()
        return sum(task.result() == b"ok\n" for task in ended), len(left)


@pytest.mark.parametrize("turns", range(6))
def test_whoever_is_accepted_is_answered_and_the_others_are_left_to_the_next_worker(turns: int) -> None:
    assert sum(asyncio.run(visited(turns))) == VISITORS
