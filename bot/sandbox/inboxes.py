"""The on-call's pager and the team's mailbox, together."""

from bot.sandbox.background import Lasting
from bot.sandbox.mailbox import Mail, Mailbox
from bot.sandbox.pager import Page, Pager


class Inboxes(Lasting):
    """Everything that reaches people outside Slack."""

    def __init__(self) -> None:
        self.pager = Pager()
        self.mailbox = Mailbox()

    @property
    def pages(self) -> list[Page]:
        """Return the pages that were accepted, oldest first."""
        return self.pager.pages

    @property
    def mails(self) -> list[Mail]:
        """Return the mails that were accepted, oldest first."""
        return self.mailbox.mails

    def start(self) -> None:
        """Listen for both."""
        self.pager.start()
        self.mailbox.start()

    def stop(self) -> None:
        """Stop listening; what came in stays readable."""
        self.pager.stop()
        self.mailbox.stop()
