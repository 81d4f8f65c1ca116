"""A call to the REST API as the routes see it, and what they answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from bot.sandbox.github.entities import Access, Json
from bot.sandbox.github.hub import Hub, Refused
from bot.sandbox.github.shapes import Shapes


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks for what."""

    hub: Hub
    shapes: Shapes
    parts: Mapping[str, str]
    """What the path's braces stand for."""
    query: Mapping[str, str]
    body: Any
    access: Access
    url: str
    """The address without its query."""
    bearer: str = ""

    def whole(self, name: str) -> int:
        """Return a part of the path that is a number."""
        if not self.parts[name].isdecimal():
            raise Refused(404, "Not Found")
        return int(self.parts[name])

    def text(self, name: str) -> str:
        """Return something that the body has to say."""
        found = self.body.get(name) if isinstance(self.body, dict) else None
        if not isinstance(found, str) or not found:
            raise Refused(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
        return found

    def page(self) -> tuple[int, int]:
        """Return which page is wanted, and how long pages are."""
        page, size = (self.query.get(name, default) for name, default in (("page", "1"), ("per_page", "30")))
        if not (page.isdecimal() and size.isdecimal()):
            raise Refused(422, "Invalid request.")
        return max(int(page), 1), min(max(int(size), 1), 100)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: JSON, text, or a redirect."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A line of the API: how it is asked, its name in GitHub's description, and which permission it takes."""

    method: str
    path: str
    name: str
    handler: Callable[[Call], Reply]
    permission: str = "metadata"
    level: str = "read"


def paged(call: Call, items: Sequence[Any], shape: Callable[[Any], Any], within: str = "") -> Reply:
    """Return one page of a list, with links to the others, in an object when `within` names its key."""
    page, size = call.page()
    shown = [shape(item) for item in items[(page - 1) * size : page * size]]
    last = max(-(-len(items) // size), 1)
    body: Json | list[Any] = {"total_count": len(items), within: shown} if within else shown
    return Reply(body, headers=links(call, page, last))


def links(call: Call, page: int, last: int) -> dict[str, str]:
    """Return the header that names a list's other pages."""
    others = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    wanted = ("prev", "first") if page >= last else ("next", "last") if page == 1 else tuple(others)
    if last == 1 and page == 1:
        return {}
    told = (f'<{call.url}?{urlencode({**call.query, "page": others[name]})}>; rel="{name}"' for name in wanted)
    return {"Link": ", ".join(told)}
