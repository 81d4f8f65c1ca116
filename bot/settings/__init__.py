"""Environment variables and shipmate.toml into frozen values; every fault is reported at once, with file and line."""

from bot.settings.demands import demands
from bot.settings.faults import Fault, SettingsFaults
from bot.settings.load import load
from bot.settings.values import App, Channels, Outside, Schedule, Secret, Settings

__all__ = [
    "App",
    "Channels",
    "Fault",
    "Outside",
    "Schedule",
    "Secret",
    "Settings",
    "SettingsFaults",
    "demands",
    "load",
]
