"""What is told of emergencies that somebody has to look back on."""

from collections.abc import Sequence

from commands.views.blocks import code, line
from commands.views.words import title, when, who
from storage.models import Deployment, Review

MOST = 15


def listed(found: Sequence[tuple[Review, Deployment]]) -> str:
    """Return what nobody has looked back on yet, with what to type."""
    if not found:
        return "Every emergency has been looked back on."
    lines = [
        f"• {title(it)}, {when(review.since)}: went past {line(review.skipped, 200)}" for review, it in found[:MOST]
    ]
    more = [f"… and {len(found) - MOST} more"] if len(found) > MOST else []
    typed = code(f'/ops review {found[0][1].id} "what came of it"')
    return "\n".join(["Somebody has to look back on:", *lines, *more, f"Type for example {typed}"])


def standing(review: Review | None) -> str:
    """Return on a card whether somebody has looked back; empty where nobody has to."""
    if review is None:
        return ""
    if review.done_at is None:
        typed = code(f"/ops review {review.deployment_id} …")
        return f":rotating_light: Somebody has to look back on this emergency: {typed}"
    return f":memo: {who(review.done_by or '', review.done_name)} looked back: {line(review.sentence, 400)}"
