"""How the hosts are, asked for in the background: whoever looks does not wait for a host that does not answer."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait

WAITS = 0.3
UNKNOWN = "asking"


class Looks:
    """Asks every host again whenever somebody looks, and tells what is known by then."""

    def __init__(self, hosts: Iterable[str], ask: Callable[[str], str], *, waits: float = WAITS) -> None:
        self._hosts = tuple(hosts)
        self._ask = ask
        self._waits = waits
        self._pool = ThreadPoolExecutor(max(len(self._hosts), 1), thread_name_prefix="sandbox-looks")
        self._asking: dict[str, Future[str]] = {}
        self._known = dict.fromkeys(self._hosts, UNKNOWN)

    def known(self) -> dict[str, str]:
        """Return how each host is; for one that takes its time, how it was when it was last heard of."""
        for name in self._hosts:
            self._hear(name)
            if name not in self._asking:
                self._asking[name] = self._pool.submit(self._ask, name)
        wait(self._asking.values(), self._waits)
        for name in self._hosts:
            self._hear(name)
        return dict(self._known)

    def close(self) -> None:
        """Ask nobody any more."""
        self._pool.shutdown(cancel_futures=True)

    def _hear(self, name: str) -> None:
        asked = self._asking.get(name)
        if asked and asked.done():
            self._known[name] = asked.result()
            del self._asking[name]
