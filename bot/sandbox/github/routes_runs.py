"""The part of the API that acts: workflows, runs, jobs, deployments, and tokens for Apps."""

from datetime import timedelta
from secrets import token_hex

import jwt

from bot.sandbox.github import shapes_runs as shape
from bot.sandbox.github.calls import Call, Reply, Route, paged
from bot.sandbox.github.entities import Access, Json, Run, Shipment
from bot.sandbox.github.faults import Kind
from bot.sandbox.github.hub import Refused
from bot.sandbox.github.shapes import stamp

_REPO = "/repos/{owner}/{repo}"
_STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")


def workflows(call: Call) -> Reply:
    """Return the workflows."""
    return paged(
        call, call.hub.workflows, lambda one: shape.workflow(call.shapes, one, call.hub.began), within="workflows"
    )


def workflow(call: Call) -> Reply:
    """Return a workflow by its id or its file's name."""
    return Reply(shape.workflow(call.shapes, call.hub.workflow(call.parts["workflow_id"]), call.hub.began))


def dispatch(call: Call) -> Reply:
    """Start a run; its details are told when they are asked for."""
    one = call.hub.workflow(call.parts["workflow_id"])
    inputs = {name: _written(value) for name, value in (call.body.get("inputs") or {}).items()}
    run = call.hub.dispatch(one, call.text("ref"), inputs, call.access.login)
    silent = call.hub.faults.hit("create-workflow-dispatch", 0, Kind.NO_DETAILS)
    if silent or not call.body.get("return_run_details"):
        return Reply(status=204)
    return Reply(shape.started(call.shapes, run))


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def runs(call: Call) -> Reply:
    """Return runs, newest first: all, or those of a workflow, narrowed as the query says."""
    found = call.hub.listed()
    if name := call.parts.get("workflow_id"):
        wanted = call.hub.workflow(name).path
        found = [one for one in found if one.workflow.path == wanted]
    for key, of in (("event", "event"), ("branch", "branch"), ("head_sha", "sha"), ("actor", "actor")):
        if key in call.query:
            found = [one for one in found if getattr(one, of) == call.query[key]]
    if since := call.query.get("created", "").removeprefix(">="):
        found = [one for one in found if (stamp(one.created) or "") >= since]
    return paged(call, found, lambda one: _run(call, one), within="workflow_runs")


def _run(call: Call, one: Run) -> Json:
    return shape.run(call.shapes, one, call.hub.git.commit(one.sha), call.hub.progress(one))


def run(call: Call) -> Reply:
    """Return a run."""
    return Reply(_run(call, call.hub.run(call.whole("run_id"))))


def jobs(call: Call) -> Reply:
    """Return the jobs of a run's newest attempt."""
    one, now = call.hub.run(call.whole("run_id")), call.hub.clock()
    numbered = list(enumerate(call.hub.progress(one).jobs))
    return paged(call, numbered, lambda it: shape.job(call.shapes, one, it, now), within="jobs")


def logs(call: Call) -> Reply:
    """Send on to where a job's log lies."""
    number, place = shape.place_of(call.whole("job_id"))
    one = call.hub.run(number)
    seen = call.hub.progress(one).jobs
    if place >= len(seen) or not seen[place].span.ended(call.hub.clock()):
        raise Refused(404, "Not Found")
    where = f"{call.shapes.url}/blobs/{call.parts['job_id']}?sig={token_hex(8)}"
    return Reply(status=302, headers={"Location": where})


def blob(call: Call) -> Reply:
    """Return a job's log, as the store behind the redirect does: to anyone who knows the address."""
    number, place = shape.place_of(call.whole("job_id"))
    one = call.hub.run(number)
    job = call.hub.progress(one).jobs[place]
    at = (one.began or one.created).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
    lines = [f"##[group]{step.name}" for step in job.steps if step.conclusion != "skipped"] + job.log.splitlines()
    if job.span.conclusion == "failure":
        lines.append("##[error]Process completed with exit code 1.")
    return Reply(text="".join(f"{at} {line}\n" for line in lines))


def cancel(call: Call) -> Reply:
    """Cancel a run."""
    call.hub.cancel(call.hub.run(call.whole("run_id")))
    return Reply({}, status=202)


def force_cancel(call: Call) -> Reply:
    """Cancel a run at once, whatever its jobs say to it."""
    one = call.hub.run(call.whole("run_id"))
    one.stop_seconds = 0
    call.hub.cancel(one)
    return Reply({}, status=202)


def pending(call: Call) -> Reply:
    """Return which environments a run waits for."""
    one = call.hub.run(call.whole("run_id"))
    waiting = [job.span.name for job in call.hub.progress(one).jobs if job.waits]
    names = [task.environment for task in one.workflow.tasks if task.name in waiting]
    places = [call.hub.places[name] for name in names if name in call.hub.places]
    return Reply([shape.pending(call.shapes, place) for place in places])


def review(call: Call) -> Reply:
    """Answer what a run waits for."""
    one = call.hub.run(call.whole("run_id"))
    wanted = call.body.get("environment_ids") or []
    places = [place for place in call.hub.places.values() if place.id in wanted]
    if len(places) != len(wanted) or call.text("state") not in ("approved", "rejected"):
        raise Refused(422, "Invalid request.")
    call.text("comment")
    if not all(place.may_approve for place in places):
        raise Refused(422, "Current user is not a reviewer of the environment")
    made = []
    for place in places:
        call.hub.answer(one, place.name, yes=call.body["state"] == "approved")
        made.append(_ship(call, one.sha, one.branch, place.name, {}))
    return Reply([shape.shipment(call.shapes, each) for each in made])


def environments(call: Call) -> Reply:
    """Return the environments."""
    places = list(call.hub.places.values())
    return paged(call, places, lambda one: shape.environment(call.shapes, one, call.hub.began), within="environments")


def deployments(call: Call) -> Reply:
    """Return the deployments, newest first, narrowed as the query says."""
    found = call.hub.shipments[::-1]
    for key in ("sha", "ref", "environment", "task"):
        if key in call.query:
            found = [one for one in found if getattr(one, key) == call.query[key]]
    return paged(call, found, lambda one: shape.shipment(call.shapes, one))


def deploy(call: Call) -> Reply:
    """Write down that something is on its way."""
    ref = call.text("ref")
    sha = call.hub.git.commit(ref).sha
    made = _ship(call, sha, ref, call.body.get("environment", "production"), call.body)
    return Reply(shape.shipment(call.shapes, made), status=201)


def _ship(call: Call, sha: str, ref: str, environment: str, body: Json) -> Shipment:
    made = Shipment(
        next(call.hub.ids),
        sha,
        ref,
        environment,
        body.get("task", "deploy"),
        body.get("description") or "",
        body.get("payload", {}),
        call.hub.clock(),
    )
    call.hub.shipments.append(made)
    return made


def _shipment(call: Call) -> Shipment:
    number = call.whole("deployment_id")
    for one in call.hub.shipments:
        if one.id == number:
            return one
    raise Refused(404, "Not Found")


def say(call: Call) -> Reply:
    """Say how a deployment goes."""
    one = _shipment(call)
    if call.text("state") not in _STATES:
        raise Refused(422, "Validation Failed")
    said = shape.said(call.shapes, one, next(call.hub.ids), call.body, call.hub.clock())
    if said["state"] == "success" and call.body.get("auto_inactive", True):
        _retire(call, one)
    one.statuses.append(said)
    return Reply(said, status=201)


def _retire(call: Call, newest: Shipment) -> None:
    """Make what served in the environment before inactive, as GitHub does by itself."""
    for other in call.hub.shipments:
        serves = bool(other.statuses) and other.statuses[-1]["state"] == "success"
        if other is not newest and other.environment == newest.environment and serves:
            number, body = next(call.hub.ids), {"state": "inactive"}
            other.statuses.append(shape.said(call.shapes, other, number, body, call.hub.clock()))


def said(call: Call) -> Reply:
    """Return what was said about a deployment, newest first."""
    return paged(call, _shipment(call).statuses[::-1], lambda it: it)


def mint(call: Call) -> Reply:
    """Give an App a token for an hour, narrowed as it wants."""
    app = next((one for one in call.hub.apps.values() if one.installation == call.whole("installation_id")), None)
    if app is None:
        raise Refused(404, "Not Found")
    try:
        claims = jwt.decode(call.bearer, app.public_key, algorithms=["RS256"], options={"verify_iss": False})
    except jwt.PyJWTError as error:
        raise Refused(401, "A JSON web token could not be decoded") from error
    if str(claims.get("iss")) != str(app.id):
        raise Refused(401, "'Issuer' claim ('iss') must be an Integer")
    body = call.body if isinstance(call.body, dict) else {}
    token, expires = f"ghs_{token_hex(18)}", call.hub.clock() + timedelta(hours=1)
    names = body.get("repositories")
    call.hub.tokens[token] = Access(
        "shipmate[bot]", body.get("permissions"), tuple(names) if names is not None else None, expires
    )
    return Reply({"token": token, "expires_at": stamp(expires), "permissions": body.get("permissions", {})}, 201)


_ACTIONS = _REPO + "/actions"
_RUN = _ACTIONS + "/runs/{run_id}"
ROUTES = (
    Route("GET", _ACTIONS + "/workflows", "list-workflows", workflows, "actions"),
    Route("GET", _ACTIONS + "/workflows/{workflow_id}", "get-workflow", workflow, "actions"),
    Route(
        "POST",
        _ACTIONS + "/workflows/{workflow_id}/dispatches",
        "create-workflow-dispatch",
        dispatch,
        "actions",
        "write",
    ),
    Route("GET", _ACTIONS + "/workflows/{workflow_id}/runs", "list-workflow-runs", runs, "actions"),
    Route("GET", _ACTIONS + "/runs", "list-runs", runs, "actions"),
    Route("GET", _RUN, "get-run", run, "actions"),
    Route("GET", _RUN + "/jobs", "list-jobs", jobs, "actions"),
    Route("GET", _ACTIONS + "/jobs/{job_id}/logs", "get-logs", logs, "actions"),
    Route("POST", _RUN + "/cancel", "cancel-run", cancel, "actions", "write"),
    Route("POST", _RUN + "/force-cancel", "force-cancel-run", force_cancel, "actions", "write"),
    Route("GET", _RUN + "/pending_deployments", "list-pending", pending, "actions"),
    Route("POST", _RUN + "/pending_deployments", "review-pending", review, "deployments", "write"),
    Route("GET", _REPO + "/environments", "list-environments", environments, "actions"),
    Route("GET", _REPO + "/deployments", "list-deployments", deployments, "deployments"),
    Route("POST", _REPO + "/deployments", "create-deployment", deploy, "deployments", "write"),
    Route("GET", _REPO + "/deployments/{deployment_id}/statuses", "list-said", said, "deployments"),
    Route("POST", _REPO + "/deployments/{deployment_id}/statuses", "say", say, "deployments", "write"),
)
BLOB = Route("GET", "/blobs/{job_id}", "get-blob", blob)
"""No part of the API: where redirects to logs lead."""
OPEN = (Route("POST", "/app/installations/{installation_id}/access_tokens", "mint", mint), BLOB)
"""What asks for no token: an App signs instead, and a log's address is a secret of its own."""
