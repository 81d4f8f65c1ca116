"""Holds exchanges with GitHub's API against GitHub's own description of it.

`github_openapi.json` is a trimmed copy (MIT licence). `npm pack @octokit/openapi`, unpack it, and
`python -m tests.contracts.github_openapi package/generated/api.github.com.json` writes it anew.
"""

import json
import re
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

KEPT = Path(__file__).with_suffix(".json")
REPO = "/repos/{owner}/{repo}"
OPERATIONS = tuple(
    line.split(" ", 1)
    for line in f"""\
GET {REPO}
GET {REPO}/git/ref/{{ref}}
GET {REPO}/git/matching-refs/{{ref}}
GET {REPO}/git/tags/{{tag_sha}}
GET {REPO}/git/commits/{{commit_sha}}
GET {REPO}/git/trees/{{tree_sha}}
GET {REPO}/tags
GET {REPO}/branches
GET {REPO}/commits
GET {REPO}/commits/{{ref}}
GET {REPO}/commits/{{commit_sha}}/pulls
GET {REPO}/commits/{{ref}}/check-runs
GET {REPO}/commits/{{ref}}/statuses
GET {REPO}/compare/{{basehead}}
GET {REPO}/pulls
GET {REPO}/releases
GET {REPO}/actions/workflows
GET {REPO}/actions/workflows/{{workflow_id}}
POST {REPO}/actions/workflows/{{workflow_id}}/dispatches
GET {REPO}/actions/workflows/{{workflow_id}}/runs
GET {REPO}/actions/runs
GET {REPO}/actions/runs/{{run_id}}
GET {REPO}/actions/runs/{{run_id}}/jobs
GET {REPO}/actions/jobs/{{job_id}}/logs
POST {REPO}/actions/runs/{{run_id}}/cancel
POST {REPO}/actions/runs/{{run_id}}/force-cancel
GET {REPO}/actions/runs/{{run_id}}/pending_deployments
POST {REPO}/actions/runs/{{run_id}}/pending_deployments
GET {REPO}/environments
GET {REPO}/contents/{{path}}
GET {REPO}/issues/{{issue_number}}/comments
POST {REPO}/issues/{{issue_number}}/comments
GET {REPO}/deployments
POST {REPO}/deployments
GET {REPO}/deployments/{{deployment_id}}/statuses
POST {REPO}/deployments/{{deployment_id}}/statuses
POST /app/installations/{{installation_id}}/access_tokens""".splitlines()
)
_LONG = ("ref", "basehead", "tree_sha", "path")
"""What may hold slashes in a path."""
_WORDS = ("description", "example", "examples", "title", "externalDocs", "deprecated", "summary", "default", "format")


class Described:
    """GitHub's description of the calls that are used."""

    def __init__(self) -> None:
        self.document = json.loads(KEPT.read_text(encoding="utf-8"))
        ordered = sorted(self.document["paths"], key=lambda path: (-path.count("/"), path.count("{")))
        self._paths = [(re.compile(_pattern(path)), path) for path in ordered]

    def faults(self, exchange) -> list[str]:
        """Return what an exchange has that the description does not allow."""
        path = next((path for pattern, path in self._paths if pattern.fullmatch(exchange.path)), None)
        operation = self.document["paths"].get(path, {}).get(exchange.method.lower())
        if operation is None:
            return [f"{exchange.method} {exchange.path} is not described"]
        where = f"{exchange.method} {path}"
        return [
            f"{where}: {fault}" for fault in (*self._asked(operation, exchange), *self._answered(operation, exchange))
        ]

    def _asked(self, operation, exchange):
        known = {each["name"]: each for each in map(self._meant, operation["parameters"]) if each["in"] == "query"}
        for name in exchange.query:
            if name not in known:
                yield f"the query has `{name}`"
        if "requestBody" not in operation:
            if exchange.body:
                yield "a body was sent"
            return
        schema = self._meant(operation["requestBody"])["content"]["application/json"]["schema"]
        yield from self._against({"additionalProperties": False, **schema}, exchange.body)

    def _answered(self, operation, exchange):
        if not 200 <= exchange.status < 400:
            return
        described = operation["responses"].get(str(exchange.status))
        if described is None:
            yield f"{exchange.status} is not described"
        elif schema := self._meant(described).get("schema"):
            yield from self._against(schema, exchange.answer)
        elif exchange.answer:
            yield "there is an answer where none is described"

    def _against(self, schema, value):
        whole = {**schema, "components": self.document["components"]}
        for error in Draft202012Validator(whole).iter_errors(value):
            yield f"{error.json_path}: {error.message[:200]}"

    def _meant(self, value):
        while "$ref" in value:
            _, _, kind, name = value["$ref"].split("/")
            value = self.document["components"][kind][name]
        return value


def _pattern(path: str) -> str:
    def part(found: re.Match) -> str:
        return ".+" if found[1] in _LONG else "[^/]+"

    return re.sub(r"\{(\w+)\}", part, path)


def trimmed(whole: dict) -> dict:
    """Return what is needed of GitHub's whole description: no prose, and only what the used calls refer to."""
    wanted: list[str] = []
    paths: dict[str, dict] = {}
    for method, path in OPERATIONS:
        paths.setdefault(path, {})[method.lower()] = _operation(whole["paths"][path][method.lower()], wanted)
    components: dict[str, dict] = {}
    for ref in wanted:
        _, _, kind, name = ref.split("/")
        components.setdefault(kind, {})[name] = _plain(whole["components"][kind][name], wanted)
    about = f"GitHub's OpenAPI description as @octokit/openapi {whole['info']['version']} has it, trimmed"
    return {"about": about, "paths": paths, "components": components}


def _operation(full: dict, wanted: list[str]) -> dict:
    kept = {"parameters": _plain(full.get("parameters", []), wanted), "responses": {}}
    if "requestBody" in full:
        kept["requestBody"] = _plain(full["requestBody"], wanted)
    for status, response in full["responses"].items():
        schema = response.get("content", {}).get("application/json", {}).get("schema")
        good = status.startswith("2") and schema
        kept["responses"][status] = {"schema": _plain(schema, wanted)} if good else {}
    return kept


def _plain(value, wanted: list[str], *, names: bool = False):
    """Return JSON Schema without prose; what OpenAPI 3.0 calls nullable may be null."""
    if isinstance(value, list):
        return [_plain(each, wanted) for each in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value and not names:
        if value["$ref"] not in wanted:
            wanted.append(value["$ref"])
        return {"$ref": value["$ref"]}
    kept = {
        key: _plain(each, wanted, names=key == "properties" and not names)
        for key, each in value.items()
        if names or not (key in _WORDS or key.startswith("x-"))
    }
    return kept if names or not kept.pop("nullable", False) else {"anyOf": [kept, {"type": "null"}]}


if __name__ == "__main__":
    found = trimmed(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    KEPT.write_text(json.dumps(found, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")
