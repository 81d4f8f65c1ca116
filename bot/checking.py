"""Wires `shipmate check` to the things that it tries."""

from collections.abc import Callable

import httpx

from bot.app import App
from bot.check import Tools, check
from deployers.legacy_look import OldBackups


def check_all(app: App, say: Callable[[str], None], *, as_json: bool = False) -> int:
    """Try everything that the configuration names; return the exit code."""
    with httpx.Client(timeout=10, trust_env=False) as http:
        tools = Tools(
            store=lambda: app.store,
            repository=lambda: app.repository,
            preflight=lambda: app.services.preflight,
            http=http,
            legacy=OldBackups(app.remote),
            remote=app.remote,
        )
        return check(app.settings, tools, say, as_json=as_json)
