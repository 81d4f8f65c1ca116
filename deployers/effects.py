"""What each step does on a host, as a script."""

from collections.abc import Callable

from deployers import shell, workflow
from deployers.backups import answers, naming, scripts
from deployers.balancers import steering
from deployers.environment import Environment, Host
from deployers.plan import (
    Activate,
    Backup,
    Build,
    Candidate,
    CandidateStop,
    ColourStart,
    ColourStop,
    Drain,
    MaintenanceOff,
    MaintenanceOn,
    Migrate,
    MigrateBack,
    Optimize,
    Plan,
    Prepare,
    Prune,
    PutIn,
    Restart,
    Restore,
    Run,
    Shift,
    Step,
    SwapDatabase,
    TakeOut,
    WorkersStart,
    WorkersStop,
)
from deployers.ports import Record


def script(step: Step, environment: Environment, plan: Plan, host: Host, *, keep: Callable[[], tuple[str, ...]]) -> str:
    """Return the shell script of a step on a host; KeyError for a step that only looks."""
    recipe = environment.recipe
    known: dict[type[Step], Callable[[], str]] = {
        Prepare: lambda: shell.prepare(environment, plan),
        Build: lambda: shell.build(environment, plan),
        MaintenanceOn: lambda: shell.in_current(environment, plan, recipe.maintenance_on),
        Migrate: lambda: shell.in_release(environment, plan, recipe.migrate, host),
        MigrateBack: lambda: shell.migrate_back(environment, plan, step),
        Optimize: lambda: shell.in_release(environment, plan, recipe.optimize, host),
        Candidate: lambda: shell.in_release(environment, plan, recipe.candidate_start, host),
        CandidateStop: lambda: shell.in_release(environment, plan, recipe.candidate_stop, host),
        ColourStart: lambda: shell.colour_start(environment, plan, host),
        ColourStop: lambda: shell.colour_stop(environment, plan, host),
        Activate: lambda: shell.activate(environment, plan),
        Run: lambda: workflow.script(environment, plan),
        Restart: lambda: shell.in_current(environment, plan, recipe.restart),
        WorkersStop: lambda: shell.in_current(environment, plan, recipe.workers_stop),
        WorkersStart: lambda: shell.in_current(environment, plan, recipe.workers_start),
        **dict.fromkeys((Backup, Restore, SwapDatabase), lambda: scripts.of(step, environment, plan, host)),
        MaintenanceOff: lambda: shell.in_current(environment, plan, recipe.maintenance_off),
        Prune: lambda: shell.prune(environment, keep()),
        **dict.fromkeys((Shift, TakeOut, PutIn, Drain), lambda: steering.script(step, environment, plan, host)),
    }
    return known[type(step)]()


def borne_out(step: Step, plan: Plan, record: Record) -> Record:
    """Return what became of a step: one whose word alone is not enough has to show what it did."""
    if isinstance(step, Backup):
        return answers.borne_out(record, plan.backup or naming.of_release(plan.release))
    return record
