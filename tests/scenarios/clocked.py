"""The bot with a clock that a test sets: on by as many seconds as the file `clock` in its folder says."""

import asyncio
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from bot import logs
from bot.app import App
from bot.process import Doors, Process, prepare
from bot.settings import load

SET = "clock"


def main() -> None:
    """Run the whole bot by this clock; the engine reads the same one."""
    real, file = time.time, Path.cwd() / SET

    def now() -> float:
        try:
            return real() + float(file.read_text(encoding="utf-8") or 0)
        except FileNotFoundError:
            return real()

    time.time = now
    app = App(load(os.environ), wall=lambda: datetime.fromtimestamp(now(), UTC))
    logs.setup(app.settings.outside.secrets())
    prepare(app)
    asyncio.run(Process(app, Doors(socket=True, http=False)).run())


if __name__ == "__main__":
    main()
