"""Error lines that an application's log has got since the last check: how many, and the newest that differ."""

import re
from functools import partial
from shlex import quote

from deployers.checkup.answers import Answers, Case, One, in_current, judged, level, together
from deployers.environment import Environment
from deployers.findings import Found, State, cut
from deployers.ports import Answer

PATTERN = "(^|[^A-Za-z])(ERROR|CRITICAL|ALERT|EMERGENCY|FATAL)([^A-Za-z]|$)"
MOST_READ = 8 * 1024 * 1024
FIRST_LOOK = 1024 * 1024
"""So much of the end of a log is read that was never looked at before."""
DISTINCT = 3
_SECRET = re.compile(
    r"(?i)((?:pass(?:word|wd)?|secret|token|api[_-]?key|authorization)[\"']?\s*[=:]\s*[\"']?(?:bearer\s+)?)[^\s\"'&,;]+"
)
_URL_PASSWORD = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")

# What is the same but for numbers and ids counts as the same error. Rotated once, the rest of the old file is read too.
_SCRIPT = """\
log=%(log)s
[ -e "$log" ] || { echo none; exit 0; }
[ -r "$log" ] || { echo locked; exit 0; }
known=%(inode)s old=%(size)s
inode=$(stat -Lc %%i -- "$log") size=$(stat -Lc %%s -- "$log") begin=0 before=
if [ "$inode" = "$known" ] && [ "$size" -ge "$old" ]; then begin=$old
elif [ -n "$known" ] && [ -r "$log.1" ] && [ "$(stat -Lc %%i -- "$log.1")" = "$known" ]; then before=$log.1
elif [ -z "$known" ] && [ "$size" -gt %(first)d ]; then begin=$((size - %(first)d)); fi
cut=0
if [ $((size - begin)) -gt %(most)d ]; then begin=$((size - %(most)d)); cut=1; fi
echo "$inode $size $cut"
{ if [ -n "$before" ]; then tail -c +$((old + 1)) -- "$before" | head -c %(most)d; fi
  tail -c +$((begin + 1)) -- "$log" | head -c $((size - begin)); } |
LC_ALL=C PATTERN=%(pattern)s awk '
  $0 ~ ENVIRON["PATTERN"] {
    total++
    kind = substr($0, 1, 400)
    gsub(/[0-9a-fA-F-]*[0-9][0-9a-fA-F-]*/, "#", kind)
    seen[kind]++
    newest[kind] = total
    said[kind] = substr($0, 1, 400)
  }
  END {
    print total + 0
    for (turn = 0; turn < %(distinct)d; turn++) {
      best = ""
      for (kind in newest) if (best == "" || newest[kind] > newest[best]) best = kind
      if (best == "") break
      print seen[best] " " said[best]
      delete newest[best]
    }
  }'
"""


def idle(environment: Environment) -> str:
    """Say why there is nothing to look at, if so."""
    return "" if environment.recipe.log else f"the recipe `{environment.recipe.name}` names no `log`"


def script(case: Case) -> str:
    """Return what to run: it goes on where the last check stopped reading."""
    inode, _, size = case.mark.partition(" ")
    values = {
        "log": quote(case.environment.recipe.log),
        "inode": quote(inode if inode.isdigit() else ""),
        "size": size if size.isdigit() else "0",
        "first": FIRST_LOOK,
        "most": MOST_READ,
        "distinct": DISTINCT,
        "pattern": quote(case.item.pattern or PATTERN),
    }
    return in_current(case.environment, _SCRIPT % values)


def judge(case: Case, answers: Answers) -> Found:
    """Return how many errors there are, and which."""
    found = {where: judged(answer, partial(_one, case)) for where, answer in answers.items()}
    return together(case, found)


def _one(case: Case, answer: Answer) -> One:
    head, *rest = answer.output.splitlines() or [""]
    log = case.environment.recipe.log
    if head == "none":
        return One(
            State.UNKNOWN, f"there is no log at {log}", advice="Correct `log` in the recipe, or let the app write one."
        )
    if head == "locked":
        return One(State.UNKNOWN, f"I may not read {log}", advice="Let the deploy user read the log.")
    words = head.split()
    if len(words) != 3 or not rest or not rest[0].isdigit():
        return One(State.UNKNOWN, f"my look answered “{cut(head, 80)}”")
    count = int(rest[0])
    said = f"{'at least ' if words[2] == '1' else ''}{count} error line{'' if count == 1 else 's'}"
    lines = tuple(_line(line) for line in rest[1 : 1 + DISTINCT])
    return One(
        level(case.item, count),
        said if count else "no error lines",
        lines,
        mark=f"{words[0]} {words[1]}",
        figure=count,
        most=f"at most {said}",
    )


def _line(told: str) -> str:
    times, _, line = told.partition(" ")
    masked = _URL_PASSWORD.sub("***", _SECRET.sub(r"\1***", line))
    return f"{cut(masked, 240)}{f' (×{times})' if times != '1' else ''}"
