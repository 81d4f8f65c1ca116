"""The JSON of GitHub's answers about workflows, runs, jobs and deployments."""

from datetime import datetime

from bot.sandbox.github.entities import Json, Place, Run, Shipment, Workflow
from bot.sandbox.github.history import GitCommit
from bot.sandbox.github.life import Job, Progress, Span
from bot.sandbox.github.shapes import Shapes, node, stamp

_JOBS = 100
"""A run's jobs have its id times this, and their place."""


def workflow(shapes: Shapes, one: Workflow, since: datetime) -> Json:
    """Return a workflow."""
    return {
        "id": one.id,
        "node_id": node(one.path),
        "name": one.name,
        "path": one.path,
        "state": "active",
        "created_at": stamp(since),
        "updated_at": stamp(since),
        "url": f"{shapes.api}/actions/workflows/{one.id}",
        "html_url": f"{shapes.html}/blob/main/{one.path}",
        "badge_url": f"{shapes.html}/workflows/{one.name}/badge.svg",
    }


def started(shapes: Shapes, run: Run) -> Json:
    """Return what a dispatch answers when details are wanted."""
    return {
        "workflow_run_id": run.id,
        "run_url": f"{shapes.api}/actions/runs/{run.id}",
        "html_url": f"{shapes.html}/actions/runs/{run.id}",
    }


def title(one: Run) -> str:
    """Return what a run is called: after its workflow's `run-name`, or the workflow itself."""
    known = {name: one.inputs.get(name, "") for name in one.workflow.inputs}
    return one.workflow.run_name.format_map(known) or one.workflow.name


def run(shapes: Shapes, one: Run, commit: GitCommit, seen: Progress) -> Json:
    """Return a workflow's run."""
    api = f"{shapes.api}/actions/runs/{one.id}"
    parts = ("artifacts", "cancel", "jobs", "logs", "rerun")
    return {
        **{f"{part}_url": f"{api}/{part}" for part in parts},
        "id": one.id,
        "node_id": node(api),
        "name": one.workflow.name,
        "display_title": title(one),
        "path": one.workflow.path,
        "run_number": one.number,
        "run_attempt": one.attempt,
        "event": one.event,
        "status": seen.status,
        "conclusion": seen.conclusion,
        "workflow_id": one.workflow.id,
        "head_branch": one.branch,
        "head_sha": one.sha,
        "head_commit": _head(commit),
        "url": api,
        "html_url": f"{shapes.html}/actions/runs/{one.id}",
        "check_suite_id": one.id,
        "check_suite_url": f"{shapes.api}/check-suites/{one.id}",
        "workflow_url": f"{shapes.api}/actions/workflows/{one.workflow.id}",
        "previous_attempt_url": None,
        "created_at": stamp(one.created),
        "run_started_at": stamp(one.began or one.created),
        "updated_at": stamp(seen.updated),
        "actor": shapes.user(one.actor),
        "triggering_actor": shapes.user(one.actor),
        "pull_requests": [],
        "repository": shapes.repository(),
        "head_repository": shapes.repository(),
    }


def _head(commit: GitCommit) -> Json:
    people = {
        role: {"name": who.name, "email": who.email}
        for role, who in (("author", commit.author), ("committer", commit.committer))
    }
    about = {"id": commit.sha, "tree_id": commit.tree, "message": commit.message}
    return {**about, "timestamp": stamp(commit.committer.at), **people}


def job_id(one: Run, place: int) -> int:
    """Return the id of the run's job at a place."""
    return one.id * _JOBS + (one.attempt - 1) * 20 + place


def place_of(job: int) -> tuple[int, int]:
    """Return the id of the run and the place of the job."""
    return job // _JOBS, job % _JOBS % 20


def job(shapes: Shapes, one: Run, numbered: tuple[int, Job], now: datetime) -> Json:
    """Return a job of a run, and of which place."""
    place, seen = numbered
    number = job_id(one, place)
    api = f"{shapes.api}/actions/jobs/{number}"
    begun = seen.span.status(now) != "queued"
    runner = {"runner_id": 1, "runner_name": "runner-1", "runner_group_id": 1, "runner_group_name": "Default"}
    return {
        "id": number,
        "run_id": one.id,
        "run_url": f"{shapes.api}/actions/runs/{one.id}",
        "run_attempt": one.attempt,
        "node_id": node(api),
        "head_sha": one.sha,
        "head_branch": one.branch,
        "workflow_name": one.workflow.name,
        "url": api,
        "html_url": f"{shapes.html}/actions/runs/{one.id}/job/{number}",
        "check_run_url": f"{shapes.api}/check-runs/{number}",
        "labels": ["ubuntu-latest"],
        **_times(seen.span, now),
        "status": "waiting" if seen.waits and not seen.span.ended(now) else seen.span.status(now),
        "started_at": stamp(seen.span.begins if begun else None) or stamp(one.created),
        "created_at": stamp(one.created),
        "steps": [{"number": at, **_times(step, now)} for at, step in enumerate(seen.steps, 1)] if begun else [],
        **(runner if begun else dict.fromkeys(runner)),
    }


def _times(span: Span, now: datetime) -> Json:
    status = span.status(now)
    return {
        "name": span.name,
        "status": status,
        "conclusion": span.conclusion if status == "completed" else None,
        "started_at": stamp(span.begins) if status != "queued" else None,
        "completed_at": stamp(span.ends) if status == "completed" else None,
    }


def pending(shapes: Shapes, place: Place) -> Json:
    """Return an environment that a run waits for."""
    environment = {
        "id": place.id,
        "node_id": node(place.name),
        "name": place.name,
        "url": f"{shapes.api}/environments/{place.name}",
        "html_url": f"{shapes.html}/deployments/activity_log?environments_filter={place.name}",
    }
    reviewers = [{"type": "User", "reviewer": shapes.user("ben")}]
    return {
        "environment": environment,
        "wait_timer": 0,
        "wait_timer_started_at": None,
        "current_user_can_approve": place.may_approve,
        "reviewers": reviewers,
    }


def environment(shapes: Shapes, place: Place, since: datetime) -> Json:
    """Return an environment of the repository."""
    about = pending(shapes, place)["environment"]
    rule = {"id": 1, "node_id": node("rule"), "type": "required_reviewers", "reviewers": []}
    rules = [rule] if place.protected else []
    return {**about, "created_at": stamp(since), "updated_at": stamp(since), "protection_rules": rules}


def shipment(shapes: Shapes, one: Shipment) -> Json:
    """Return a deployment as GitHub lists it."""
    api = f"{shapes.api}/deployments/{one.id}"
    return {
        "id": one.id,
        "node_id": node(api),
        "sha": one.sha,
        "ref": one.ref,
        "task": one.task,
        "payload": one.payload,
        "environment": one.environment,
        "original_environment": one.environment,
        "description": one.description,
        "creator": shapes.user("shipmate[bot]"),
        "created_at": stamp(one.created),
        "updated_at": stamp(one.created),
        "url": api,
        "statuses_url": f"{api}/statuses",
        "repository_url": shapes.api,
    }


def said(shapes: Shapes, one: Shipment, number: int, body: Json, at: datetime) -> Json:
    """Return what was said about a deployment."""
    api = f"{shapes.api}/deployments/{one.id}"
    return {
        "id": number,
        "node_id": node(f"{api}/{number}"),
        "state": body["state"],
        "creator": shapes.user("shipmate[bot]"),
        "description": body.get("description", ""),
        "environment": one.environment,
        "environment_url": body.get("environment_url", ""),
        "log_url": body.get("log_url", ""),
        "target_url": body.get("log_url", ""),
        "created_at": stamp(at),
        "updated_at": stamp(at),
        "url": f"{api}/statuses/{number}",
        "deployment_url": api,
        "repository_url": shapes.api,
    }
