"""The on-call's pager and the team's mailbox, together."""

from types import TracebackType
from typing import Self

from bot.sandbox.mailbox import Mail, Mailbox
from bot.sandbox.pager import Page, Pager


class Inboxes:
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

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
