"""What a workflow run is asked for, written as the script of a step; pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from deployers.environment import Environment
from deployers.plan import Plan

_NAMES = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Asked:
    """The workflow, what is deployed by it, and its inputs."""

    workflow: str
    ref: str
    """The tag or branch as somebody typed it, or the SHA."""
    sha: str
    inputs: Mapping[str, str]
    file: str = ""
    """Git's hash of the workflow's file that was approved."""

    @property
    def carries_sha(self) -> bool:
        """Say whether the workflow is told the SHA, so that it may run from any branch."""
        return self.sha in self.inputs.values()


def script(environment: Environment, plan: Plan) -> str:
    """Return the script of a step that runs the environment's workflow."""
    if environment.workflow is None:
        raise ValueError(f"{environment.name} names no workflow")
    values = {
        "environment": environment.name,
        "sha": plan.sha,
        "ref": plan.ref,
        "release": plan.release,
        "kind": plan.kind,
        # The kind stands first whatever people write, because a workflow may go by it: a way back is not tested again.
        "reason": f"{plan.kind} {plan.ref}" + (f": {plan.reason}" if plan.reason else ""),
        "skip_tests": "true" if plan.skip_tests else "false",
    }
    inputs = {name: _filled(text, values) for name, text in environment.workflow.inputs.items()}
    asked = {"workflow": environment.workflow.workflow, "ref": plan.ref, "sha": plan.sha, "inputs": inputs}
    if plan.workflow_file:
        asked["file"] = plan.workflow_file
    return json.dumps(asked, sort_keys=True)


def read(text: str) -> Asked:
    """Return what a script asks for; its inverse."""
    return Asked(**json.loads(text))


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Fill in what is known by name, and leave every other brace alone."""
    return _NAMES.sub(lambda found: values.get(found[1], found[0]), text)
