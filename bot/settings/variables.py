"""Environment variables, and the files that `*_FILE` names, into values."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.settings.faults import Fault
from bot.settings.values import Outside, Secret
from bot.settings.words import web

_SECRETS = (
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "GITHUB_TOKEN",
    "GITHUB_APP_PRIVATE_KEY",
    "GITHUB_WEBHOOK_SECRET",
    "DATABASE_URL",
    "PAGERDUTY_ROUTING_KEY",
    "SMTP_URL",
)
_ADDRESSES = ("SLACK_API_URL", "GITHUB_API_URL", "PAGERDUTY_API_URL")
_WORDS = ("GITHUB_APP_ID", "GITHUB_INSTALLATION_ID")
NAMES = ("SHIPMATE_CONFIG", *_SECRETS, *_ADDRESSES, *_WORDS, "SSH_PRIVATE_KEY_FILE", "PORT")
"""Every variable that is read; each secret, address and word also as `*_FILE`."""
_BEGINNINGS = {
    "SLACK_BOT_TOKEN": ("xoxb-", "the bot token from *OAuth & Permissions*"),
    "SLACK_APP_TOKEN": ("xapp-", "the app-level token from *Basic Information*"),
}
_DATABASES = ("sqlite:", "postgres:", "postgresql:", "postgresql+psycopg:")


def outside(env: Mapping[str, str]) -> tuple[Outside, list[Fault]]:
    """Return how the outside is reached, and what is wrong with the variables that say so."""
    faults: list[Fault] = []
    values: dict[str, Any] = {}
    for name in (*_SECRETS, *_ADDRESSES, *_WORDS):
        text, wrong = _read(env, name)
        faults += wrong
        faults += _judge(name, text) if text else ()
        if text:
            values[name.lower()] = Secret(text) if name in _SECRETS else text
    if key := env.get("SSH_PRIVATE_KEY_FILE"):
        values["ssh_private_key_file"] = Path(key).expanduser()
        faults += _key_file(values["ssh_private_key_file"])
    port, wrong = _port(env.get("PORT", ""))
    values.update(port)
    return Outside(**values), faults + wrong


def _read(env: Mapping[str, str], name: str) -> tuple[str, list[Fault]]:
    """Return a variable's text, from itself or from the file that its `_FILE` names, without the space around it."""
    direct, file = env.get(name, "").strip(), env.get(f"{name}_FILE", "")
    if direct and file:
        return direct, [Fault(name, f"both {name} and {name}_FILE are set", "Keep one of them")]
    if not file:
        return direct, []
    try:
        return Path(file).expanduser().read_text(encoding="utf-8").strip(), []
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        return "", [Fault(f"{name}_FILE", f"`{file}` cannot be read: {why}", "Name a file that this user may read")]


def _judge(name: str, text: str) -> Iterator[Fault]:
    if name in _BEGINNINGS and not text.startswith(_BEGINNINGS[name][0]):
        beginning, which = _BEGINNINGS[name]
        yield Fault(name, f"it does not begin with `{beginning}`", f"Use {which} of your Slack app")
    if name in _ADDRESSES:
        try:
            web(text)
        except ValueError as error:
            yield Fault(name, str(error))
    if name == "DATABASE_URL" and not text.startswith(_DATABASES):
        instead = "Write `sqlite:///shipmate.db`, or `postgresql://user:password@host/name`"
        yield Fault(name, "it names neither SQLite nor PostgreSQL", instead)


def _key_file(path: Path) -> list[Fault]:
    if path.is_file():
        return []
    return [
        Fault("SSH_PRIVATE_KEY_FILE", f"there is no file `{path}`", "Name the private key that may log in to the hosts")
    ]


def _port(text: str) -> tuple[dict[str, int], list[Fault]]:
    if not text:
        return {}, []
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return {"port": int(text)}, []
    return {}, [Fault("PORT", f"`{text}` is not a port", "Write a number from 1 to 65535")]
