#!/bin/sh
# Check the sources and compile them, before the release serves anybody.
set -eu
echo "building $(cat VERSION)"
echo "  checking page.html"
grep -q '{version}' page.html || { echo "page.html does not show the version" >&2; exit 1; }
sleep 0.2
echo "  compiling $(ls ./*.py | wc -l | tr -d ' ') modules"
python3 -m compileall -q .
sleep 0.1
echo "  $(ls migrations | wc -l | tr -d ' ') migrations in the release"
echo "built"
