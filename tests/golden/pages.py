"""The App Home and help, for people with different roles; from made-up facts that never change."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from commands import greeting
from commands.command import Request
from commands.deploy import deploy
from commands.family import family
from commands.registry import WORDS
from commands.rollback import rollback
from commands.services import Services
from commands.views import home
from commands.views.home import Home, Place, Viewer
from storage.models import HealthSample, Lock, Status
from tests.builders import NOW
from tests.golden.cards import CARDS, deployment
from tests.golden.others import busy, calm, message, split
from tests.unit.commands.world import PEOPLE, Roles

MAIN = family(deploy, WORDS, beside=(rollback,))
OTHERS = (("approve", "<!subteam^S0REL>"), ("resolve a step", "<!subteam^S0OPS>"))
ANA = Viewer("U0ANA", "Ana Silva", frozenset({"deployer"}), OTHERS, may_deploy=True, may_roll_back=True)
BEN = Viewer("U0BEN", "Ben Wolf", frozenset({"approver"}), OTHERS[1:])
SAM = Viewer("U0SAM", "Sam Porter", frozenset(), (("deploy", "<!subteam^S0DEV>"), *OTHERS), new=True)


def pages() -> dict[str, Any]:
    """Return every page by the name of its file."""
    return {
        "home_deployer": home.shown(_home(ANA, mine=(deployment(Status.AWAITING_APPROVAL, number=13, ref="v2.4"),))),
        "home_approver": home.shown(_home(BEN, to_decide=(CARDS["awaiting_approval"](),), places=_calm()[:1])),
        "home_new": home.shown(_home(replace(ANA, new=True), places=_calm(), recent=())),
        "home_nobody": home.shown(_home(SAM, places=_calm())),
        "home_in_trouble": home.shown(_home(ANA, places=_trouble())),
        "home_nothing": home.shown(Home(ANA, NOW)),
        "home_guest": home.closed(),
        "home_unsure": home.unsure("Slack did not answer"),
        "help_deployer": _help("ana"),
        "help_admin": _help("lea"),
        "help_nobody": _help("gus"),
        "help_unsure": _help("ana", away=True),
        "greeting": _greeting("hello?"),
        "greeting_meant": _greeting("deploy production v2.3"),
    }


def _home(viewer: Viewer, **values: Any) -> Home:
    recent = tuple(CARDS[name]().deployment for name in ("running", "succeeded", "rolled_back", "rejected"))
    begun = Home(viewer, NOW + timedelta(minutes=3), _busy(), recent=recent)
    return replace(begun, **values)


def _busy() -> tuple[Place, ...]:
    return _calm()[0], Place(busy(), _look("well"), CARDS["running"](), "v2.1")


def _calm() -> tuple[Place, ...]:
    return Place(calm("staging"), None, None, "v2.1"), Place(calm("production"), _look("well"), None, "v2.1")


def _trouble() -> tuple[Place, ...]:
    lock = Lock(environment="production", deployment_id=12, taken_at=NOW)
    sick = _look("sick", "/api/health answered 503 <b>")
    return (Place(replace(split(), lock=lock), sick, CARDS["incomplete"](), "v2.1"),)


def _look(look: str, why: str = "") -> HealthSample:
    return HealthSample(environment="production", at=NOW, look=look, why=why)


def _services(*, away: bool = False) -> Any:
    nothing: dict[str, Any] = dict.fromkeys(("store", "repository", "preflight", "engine"))
    return Services(**nothing, environments={}, people=Roles(away=away), now=lambda: NOW)


def _help(who: str, *, away: bool = False) -> dict[str, Any]:
    request = Request("deploy", PEOPLE[who], text="help")
    reply = MAIN(request, _services(away=away))
    return message((reply.text, reply.blocks))


def _greeting(text: str) -> dict[str, Any]:
    reply = greeting.greeter((MAIN, rollback), {"deploy": WORDS})(
        Request("message", PEOPLE["ana"], text=text), _services()
    )
    return message((reply.text, reply.blocks))
