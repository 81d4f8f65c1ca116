"""What a command answers: privately to the one who asked; cards and announcements go through the outbox."""

from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]
"""One Block Kit block, as Slack's JSON."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that only the asker sees."""

    text: str
    """The whole answer in plain mrkdwn: what notifications, the command line and the fallback show."""
    blocks: tuple[Block, ...] = ()
    ok: bool = True
    code: str = "ok"
    """`ok`, or the code of the refusal."""
