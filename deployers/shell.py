"""The shell lines that run on targets: built here from data, quoted always, run elsewhere; POSIX sh."""

from collections.abc import Iterable, Mapping
from shlex import quote

from deployers.colours import BLUE, GREEN, has_colours, port_of
from deployers.environment import Environment, Host, Recipe, Shared
from deployers.plan import MigrateBack, Plan, Step

_HEAD = "set -eu"
_EVERYTHING = "'+refs/heads/*:refs/heads/*' '+refs/tags/*:refs/tags/*'"
COMPLETE = ".shipmate-complete"
"""A file in a release that says it was unpacked whole."""
BUILT = ".shipmate-built"
"""A file in a release that says its dependencies are in place."""
MESSAGE = "We are working on it and will be back shortly."
"""What visitors are told while they are kept out, where nobody has said anything else."""


def inside(path: str, *lines: str) -> str:
    """Return a script that runs the lines inside a directory and stops at the first that fails."""
    return "\n".join((_HEAD, f"cd -- {quote(path)}", *lines))


def filled(command: str, values: Mapping[str, str]) -> str:
    """Return a recipe's command with its `{names}` replaced by quoted values; other braces stay as they are."""
    for name, value in values.items():
        command = command.replace("{" + name + "}", quote(value))
    return command


def told(commands: Iterable[str], message: str) -> tuple[str, ...]:
    """Return a recipe's commands with `{message}` replaced by what visitors are told, quoted."""
    # Broken up within its quotes, so that a message that says `{release}` is not filled in itself.
    quoted = quote(message or MESSAGE).replace("{", "{''")
    return tuple(command.replace("{message}", quoted) for command in commands)


def prepare(environment: Environment, plan: Plan) -> str:
    """Fetch the code and unpack the release beside the running one; does nothing where it is complete already."""
    place = _place(environment)
    release = f"releases/{plan.release}"
    part = f"{release}.part"
    return "\n".join(
        (
            _HEAD,
            f"mkdir -p -- {quote(place)}",
            f"cd -- {quote(place)}",
            "mkdir -p releases shared",
            f"if [ -e {quote(f'{release}/{COMPLETE}')} ]; then echo 'the release is here already'; exit 0; fi",
            *_spared(place, release),
            *_fetched(plan),
            f"rm -rf -- {quote(part)} {quote(release)}",
            f"mkdir -- {quote(part)}",
            f"git --git-dir=repo archive --format=tar -o {quote(part + '.tar')} {quote(plan.sha)}",
            f"tar -xf {quote(part + '.tar')} -C {quote(part)}",
            f"rm -f -- {quote(part + '.tar')}",
            f"printf '%s\\n' {quote(plan.sha)} > {quote(part + '/REVISION')}",
            *(line for shared in environment.recipe.shared for line in _linked(shared, part)),
            f": > {quote(f'{part}/{COMPLETE}')}",
            f"mv -T -- {quote(part)} {quote(release)}",
            f"echo 'unpacked {plan.sha[:12]}'",
        )
    )


def _spared(place: str, release: str) -> tuple[str, ...]:
    """Refuse to replace what serves, although nothing says that it was unpacked whole."""
    mark = f"{place}/{release}/{COMPLETE}"
    why = f"{release} serves here and has no {COMPLETE}, so it is not replaced: if it is whole, touch {mark}"
    return (
        f"for link in current {BLUE} {GREEN}; do",
        f'  [ ! "$link" -ef {quote(release)} ] || {{ echo {quote(why)} >&2; exit 65; }}',
        "done",
    )


def _fetched(plan: Plan) -> tuple[str, ...]:
    git, commit = quote(plan.git), quote(f"{plan.sha}^{{commit}}")
    missing = quote(f"the repository has no commit {plan.sha}")
    return (
        "export GIT_TERMINAL_PROMPT=0",
        "if [ ! -d repo ]; then",
        "  rm -rf repo.part",
        f"  git clone --quiet --mirror --end-of-options {git} repo.part",
        "  mv -T repo.part repo",
        "else",
        f"  git --git-dir=repo remote set-url origin {git}",
        f"  git --git-dir=repo fetch --quiet --prune --force origin {_EVERYTHING}",
        "fi",
        f"git --git-dir=repo cat-file -e {commit} || {{ echo {missing} >&2; exit 66; }}",
    )


def _linked(shared: Shared, part: str) -> Iterable[str]:
    source, link = f"shared/{shared.source}", f"{part}/{shared.to}"
    if shared.source == shared.to:
        yield (
            f'if [ ! -e {quote(source)} ]; then mkdir -p -- "$(dirname -- {quote(source)})";'
            f" if [ -d {quote(link)} ]; then cp -R -- {quote(link)} {quote(source)};"
            f" else mkdir -p -- {quote(source)}; fi; fi"
        )
    else:
        missing = f"{source} is missing on this host: put it there once, then deploy again"
        yield f"[ -e {quote(source)} ] || {{ echo {quote(missing)} >&2; exit 67; }}"
    yield f"rm -rf -- {quote(link)}"
    yield f'mkdir -p -- "$(dirname -- {quote(link)})"'
    yield f"ln -s -- {quote('../' * (shared.to.count('/') + 2) + source)} {quote(link)}"


def build(environment: Environment, plan: Plan) -> str:
    """Install what the release depends on; does nothing where that was done."""
    return inside(
        f"{_place(environment)}/releases/{plan.release}",
        f"if [ -e {BUILT} ]; then echo 'built already'; exit 0; fi",
        *_filled(environment, plan, environment.recipe.build),
        f": > {BUILT}",
    )


def in_release(environment: Environment, plan: Plan, commands: Iterable[str], host: Host | None = None) -> str:
    """Run a recipe's commands inside the new release."""
    return inside(f"{_place(environment)}/releases/{plan.release}", *_filled(environment, plan, commands, host))


def migrate_back(environment: Environment, plan: Plan, step: Step) -> str:
    """Take the newest migrations back inside the release that brought them, which still knows how."""
    if not isinstance(step, MigrateBack):
        raise TypeError(f"{step} takes nothing back")
    commands = (filled(command, {"steps": str(step.count)}) for command in environment.recipe.migrate_back)
    return inside(f"{_place(environment)}/releases/{step.release}", *_filled(environment, plan, commands))


def in_current(environment: Environment, plan: Plan, commands: Iterable[str]) -> str:
    """Run a recipe's commands inside the release that is switched to; does nothing on a host that has none yet."""
    return inside(
        _place(environment),
        "[ -e current ] || { echo 'nothing is served here yet'; exit 0; }",
        "cd current",
        *_filled(environment, plan, commands),
    )


def activate(environment: Environment, plan: Plan) -> str:
    """Point `current` at the release in one rename, so that no request sees a half-made switch."""
    release = f"releases/{plan.release}"
    note = f"{plan.kind} {plan.ref} {plan.sha} {plan.release}"
    return inside(
        _place(environment),
        f"[ -e {quote(f'{release}/{COMPLETE}')} ] ||"
        f" {{ echo {quote(f'the release {plan.release} is not complete on this host')} >&2; exit 68; }}",
        "rm -f current.next",
        f"ln -s -- {quote(release)} current.next",
        "mv -T -- current.next current",
        f"printf '%s %s\\n' \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\" {quote(note)} >> revisions.log",
        f"echo 'current is {plan.release}'",
    )


def colour_start(environment: Environment, plan: Plan, host: Host) -> str:
    """Point the plan's colour at the release and serve it there; does nothing where that side serves it already."""
    release, colour, started = f"releases/{plan.release}", quote(plan.colour), quote(_started(plan.colour))
    listens = f"^ *[0-9]+: [0-9A-F]+:{port_of(host, plan.colour):04X} [0-9A-F]+:[0-9A-F]+ 0A "
    return inside(
        _place(environment),
        f"[ -e {quote(f'{release}/{COMPLETE}')} ] ||"
        f" {{ echo {quote(f'the release {plan.release} is not complete on this host')} >&2; exit 68; }}",
        f'if [ "$(readlink {colour})" = {quote(release)} ]'
        f' && [ "$(cat {started} 2>/dev/null)" = {quote(plan.release)} ]'
        f" && cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -Eq {quote(listens)};"
        f" then echo {quote(f'{plan.colour} serves it already')}; exit 0; fi",
        f"rm -f {started} {colour}.next",
        f"ln -s -- {quote(release)} {colour}.next",
        f"mv -T -- {colour}.next {colour}",
        f"cd {colour}",
        *_filled(environment, plan, environment.recipe.colour_start, host),
        f"cd -- {quote('..')}",
        f"printf '%s\\n' {quote(plan.release)} > {started}",
        f"echo {quote(f'{plan.colour} serves {plan.release}')}",
    )


def colour_stop(environment: Environment, plan: Plan, host: Host) -> str:
    """Stop serving the plan's colour; what `current` points at is never stopped."""
    colour, started = quote(plan.colour), quote(_started(plan.colour))
    return inside(
        _place(environment),
        f"[ -e {colour} ] || {{ echo 'that side was never served here'; exit 0; }}",
        f'[ "$(readlink {colour})" != "$(readlink current)" ] || {{ echo "this side is what serves" >&2; exit 0; }}',
        f"rm -f {started}",
        f"cd {colour}",
        *_filled(environment, plan, environment.recipe.colour_stop, host),
        f"echo {quote(f'{plan.colour} is stopped')}",
    )


def _started(colour: str) -> str:
    return f".shipmate/started-{colour}"


def prune(environment: Environment, keep: Iterable[str]) -> str:
    """Delete the releases that are not to be kept; never the one that is served."""
    kept = "|".join(quote(name) for name in keep) or "''"
    return inside(
        _place(environment),
        'live=$(basename -- "$(readlink current || echo none)")',
        "for path in releases/*; do",
        '  name=$(basename -- "$path")',
        '  [ "$name" = "$live" ] && continue',
        *(_served_by(BLUE, GREEN) if has_colours(environment) else ()),
        f'  case "$name" in {kept}) continue ;; esac',
        '  rm -rf -- "$path" && echo "deleted $name"',
        "done",
    )


def _served_by(*colours: str) -> Iterable[str]:
    return (f'  [ "$(readlink {colour} || echo none)" = "$path" ] && continue' for colour in colours)


def revision(environment: Environment) -> str:
    """Print the SHA and the release name that `current` points at; for reading only."""
    return inside(
        _place(environment),
        "[ -e current ] || { echo 'none none'; exit 0; }",
        'printf \'%s %s\\n\' "$(cat current/REVISION)" "$(basename -- "$(readlink current)")"',
    )


def asked_in(environment: Environment, release: str, command: str) -> str:
    """Run a recipe's question in `current` or a release; says nothing where there is none; for reading only."""
    path = f"{_place(environment)}/{release}"
    return "\n".join((_HEAD, f"[ -e {quote(path)} ] || exit 0", f"cd -- {quote(path)}", command))


def _filled(environment: Environment, plan: Plan, commands: Iterable[str], host: Host | None = None) -> tuple[str, ...]:
    values = {"environment": environment.name, "release": plan.release, "sha": plan.sha, "message": MESSAGE}
    if host:
        values |= {"port": str(port_of(host, plan.colour)), "candidate_port": str(host.candidate_port)}
        values |= {"host": host.name, "colour": plan.colour}
    return tuple(filled(command, values) for command in commands)


def _place(environment: Environment) -> str:
    if environment.place is None:
        raise ValueError(f"{environment.name} has no hosts")
    return environment.place.path


def has_candidate(recipe: Recipe) -> bool:
    """Say whether the recipe can serve a release before it is switched to."""
    return bool(recipe.candidate_start)
