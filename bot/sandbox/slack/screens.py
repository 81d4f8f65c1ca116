"""Put modals and App Homes on screens: views.*."""

from bot.sandbox.slack import limits
from bot.sandbox.slack.call import Call, Method
from bot.sandbox.slack.entities import Json, SlackError, View


def _content(call: Call, kind: str) -> Json:
    content = limits.view(call.structure("view"))
    if content["type"] != kind:
        told = f"[ERROR] must be {kind} [json-pointer:/view/type]"
        raise SlackError("invalid_arguments", response_metadata={"messages": [told]})
    return content


def _shown(call: Call, view: View) -> Json:
    call.workspace.changed()
    return {"view": view.as_slack()}


def open_(call: Call) -> Json:
    """Open a modal for the person whose trigger it is."""
    content = _content(call, "modal")
    person = call.workspace.surfaces.redeem(call.text("trigger_id"))
    return _shown(call, call.workspace.surfaces.open(person, content))


def push(call: Call) -> Json:
    """Put a modal on top of the one that is open."""
    content = _content(call, "modal")
    person = call.workspace.surfaces.redeem(call.text("trigger_id"))
    return _shown(call, call.workspace.surfaces.open(person, content, on_top=True))


def update(call: Call) -> Json:
    """Change what a view shows."""
    surfaces = call.workspace.surfaces
    view = surfaces.find(call.text("view_id"), call.text("external_id"))
    content = _content(call, view.content["type"])
    return _shown(call, surfaces.replace(view, content, call.text("hash")))


def publish(call: Call) -> Json:
    """Show somebody their App Home."""
    content = _content(call, "home")
    person = call.text("user_id")
    if person not in call.workspace.people:
        raise SlackError("user_not_found")
    return _shown(call, call.workspace.surfaces.publish(person, content, call.text("hash")))


METHODS = {
    "views.open": Method(open_),
    "views.push": Method(push),
    "views.update": Method(update),
    "views.publish": Method(publish),
}
