"""One git command: never interactive, with a deadline and a byte budget."""

import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_HARD = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.askPass": "",
    "core.quotePath": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "log.showSignature": "false",
    "i18n.logOutputEncoding": "UTF-8",
    "fetch.recurseSubmodules": "false",
    "protocol.allow": "never",
    "protocol.file.allow": "always",
    "protocol.git.allow": "always",
    "protocol.http.allow": "always",
    "protocol.https.allow": "always",
    "protocol.ssh.allow": "always",
}
_OPTIONS = tuple(word for name, value in _HARD.items() for word in ("-c", f"{name}={value}"))
_SSH = "ssh -o BatchMode=yes -o ConnectTimeout=10"
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_STDERR_BYTES = 16_384


@dataclass
class GitFailed(Exception):
    """A git command failed, or was stopped because it took too long."""

    why: str

    def __str__(self) -> str:
        return self.why


def without_credentials(text: str) -> str:
    """Return the text with user names and passwords taken out of its URLs."""
    return _CREDENTIALS.sub("", text)


def environment(ssh_command: str = "") -> dict[str, str]:
    """Return what git may see of our environment, and what keeps it from asking anybody anything."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "false",
        "SSH_ASKPASS": "false",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_SSH_COMMAND": ssh_command or os.environ.get("GIT_SSH_COMMAND", _SSH),
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "LC_ALL": "C",
    }


def git(
    directory: Path,
    *words: str,
    seen: Mapping[str, str],
    within: float = 20,
    budget: int = 4_000_000,
) -> str:
    """Run git in a bare repository and return at most `budget` bytes of what it printed.

    Raises:
        GitFailed: it exited with something other than zero, took too long, or could not be started.
    """
    try:
        process = subprocess.Popen(
            ["git", *_OPTIONS, f"--git-dir={directory}", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(seen),
            cwd=directory.parent,
            start_new_session=True,
        )
    except OSError as error:
        raise GitFailed(f"git cannot be started: {error}") from error
    with process:
        try:
            out, err, whole = _read(process, time.monotonic() + within, budget)
            code = process.wait(5) if whole else 0
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            raise GitFailed(f"git {words[0]} was stopped after {within:g} s without an end") from error
        finally:
            _kill(process)
    if code:
        raise GitFailed(_last(err) or f"git {words[0]} exited {code}")
    return out.decode("utf-8", "replace")


def _read(process: subprocess.Popen[bytes], until: float, budget: int) -> tuple[bytes, bytes, bool]:
    """Return both streams as far as the budgets allow, and whether the output is whole."""
    streams = {process.stdout: (bytearray(), budget), process.stderr: (bytearray(), _STDERR_BYTES)}
    with selectors.DefaultSelector() as selector:
        for stream in filter(None, streams):
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(_left(until)):
                data = os.read(key.fd, 65_536)
                kept, most = streams[key.fileobj]  # type: ignore[index]  # what was registered above
                kept += data[: most - len(kept)]
                if not data:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stdout and len(kept) >= most:
                    return bytes(kept), b"", False
    out, err = (bytes(kept) for kept, _ in streams.values())
    return out, err, True


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill git and whatever it started for us, such as ssh."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _last(err: bytes) -> str:
    """Return the line that says most about a failure."""
    lines = [line.strip() for line in err.decode("utf-8", "replace").splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "ssh:", "Permission denied"))]
    line = (telling or lines[-1:] or [""])[0]
    return without_credentials(line.removeprefix("fatal: ").removeprefix("error: "))[:300]
