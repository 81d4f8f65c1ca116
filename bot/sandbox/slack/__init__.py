"""A stand-in for Slack: Web API, Socket Mode, signed requests, response URLs, files and a page to use it with."""

from bot.sandbox.slack.driver import Driver
from bot.sandbox.slack.entities import SlackError
from bot.sandbox.slack.faults import Faults, Kind
from bot.sandbox.slack.paces import Paces
from bot.sandbox.slack.server import Patience, SlackServer
from bot.sandbox.slack.thread import SlackThread
from bot.sandbox.slack.workspace import Workspace

__all__ = ["Driver", "Faults", "Kind", "Paces", "Patience", "SlackError", "SlackServer", "SlackThread", "Workspace"]
