"""The benchmarks' application, but each third page of its third release fails: failing_application.py PORT RELEASE."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.application import Web, main

BAD = "3"


class Failing(Web):
    """Answers health and its version well all the time, and pages only now and then."""

    visits = 0

    def _answer(self, request: bytes) -> None:
        Failing.visits += 1
        if request.startswith(b"GET / ") and Failing.visits % 3 == 0:
            self._transport.write(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n")
            return
        super()._answer(request)


if __name__ == "__main__":
    release = Path(sys.argv[2]).resolve()
    bad = (release / "page.html").read_text(encoding="utf-8").strip() == BAD
    asyncio.run(main(int(sys.argv[1]), release, Failing if bad else Web))
