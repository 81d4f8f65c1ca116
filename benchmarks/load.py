"""A steady load by wrk, whose every answer is looked at: which release it was, and whether it was one at all."""

import json
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WRK = shutil.which("wrk") or ""
SCRIPT = Path(__file__).with_name("load.lua")
LONGEST = 3600


@dataclass(frozen=True, slots=True)
class Told:
    """What a load has seen."""

    requests: int
    seconds: float
    lost: int
    """Connections refused, cut or timed out, and answers that were no 200."""
    p50: float
    p99: float
    slowest: float
    """In milliseconds."""
    seen: dict[str, int]
    """Answers by release."""
    at: dict[str, int]
    """Answers by `release@tenth of a second since 1970`."""

    def after(self, release: str, instant: float) -> int:
        """Return how many answers of a release came in tenths of a second that began after an instant."""
        return sum(
            count
            for name, count in self.at.items()
            if name.rpartition("@")[0] == release and int(name.rpartition("@")[2]) / 10 > instant
        )


class Load:
    """A load that runs in the background until it is told to stop."""

    def __init__(self, url: str, *, connections: int = 16, kept: bool = True) -> None:
        """Begin; connections are kept from request to request, or opened anew for each."""
        self._counted = Path(tempfile.mkdtemp(prefix="shipmate-load-"))
        words = [WRK, "-t2", f"-c{connections}", f"-d{LONGEST}s", "--timeout", "10s", "-s", str(SCRIPT), url]
        self._process = subprocess.Popen(
            [*words, "--", "kept" if kept else "close", f"{self._counted}/"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def answered(self) -> int:
        """Return how many answers there were by now, or a few less."""
        assert self._process.poll() is None, "wrk has ended by itself"
        return sum(int(each.read_text(encoding="utf-8") or 0) for each in self._counted.iterdir())

    def stop(self) -> Told:
        """Stop asking, and return what was seen."""
        self._process.send_signal(signal.SIGINT)
        output, _ = self._process.communicate(timeout=60)
        line = next((it for it in output.splitlines() if it.startswith("RESULT ")), "")
        assert line, output[-2000:]
        return told(json.loads(line.removeprefix("RESULT ")))

    def kill(self) -> None:
        """Stop at once, where nobody wants to know."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate(timeout=60)
        shutil.rmtree(self._counted, ignore_errors=True)


def told(document: dict[str, Any]) -> Told:
    """Read what wrk's script has written."""
    seen: dict[str, int] = {}
    at: dict[str, int] = {}
    for thread in document["threads"]:
        for whole, part in ((seen, thread["seen"]), (at, thread["buckets"])):
            for name, count in part.items():
                whole[name] = whole.get(name, 0) + int(count)
    lost = sum(int(document[kind]) for kind in ("connect", "read", "write", "timeout"))
    return Told(
        requests=int(document["requests"]),
        seconds=float(document["seconds"]),
        lost=lost + sum(int(thread["bad"]) for thread in document["threads"]),
        p50=document["p50"] / 1000,
        p99=document["p99"] / 1000,
        slowest=document["max"] / 1000,
        seen=seen,
        at=at,
    )
