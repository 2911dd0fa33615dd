#!/usr/bin/env bash
# Everything that must hold before a change lands: style, types, tests. With --fast: style, and the quick tests that start no processes.
# Other arguments go to pytest: ./run_tests.sh tests/solutions/test_steps.py -k latex
set -euo pipefail
source "$(dirname "$0")/scripts/setup_venv.sh"
export PYTHONDONTWRITEBYTECODE= # the tests start many processes: each would compile the program anew
fast=
if [ "${1:-}" = --fast ]; then fast=yes; shift; fi
# The tests write and sync thousands of files, in memory where it holds them and runs what lies there (a container's may not).
probe=/dev/shm/run_tests.$$
if [ -z "${TMPDIR:-}" ] && [ "$(df --output=avail -k /dev/shm 2>/dev/null | tail -1)" -gt 2000000 ] 2>/dev/null && cp /bin/true "$probe" 2>/dev/null; then
    if "$probe" 2>/dev/null; then export TMPDIR=/dev/shm; fi
    rm -f "$probe"
fi
if [ $# -gt 0 ]; then exec python -m pytest ${fast:+-m "not slow"} "$@"; fi
file_by_file=(--dist loadfile --no-loadscope-reorder) # tests/conftest.py puts the long files first
echo "Style";  ruff check .; ruff format --check .
# More processes than two cores, since tests often wait, above all the slow ones.
if [ -n "$fast" ]; then exec python -m pytest -m "not slow" -n 3 "${file_by_file[@]}"; fi
said=$(mktemp)
mypy >"$said" 2>&1 & # beside the tests, which often wait
types=$!
trap 'kill "$types" 2>/dev/null || true; rm -f "$said"' EXIT
failed=0
echo "Tests";  python -m pytest -n 4 "${file_by_file[@]}" || failed=$?
echo "Types";  wait "$types" || failed=$?
cat "$said"
exit "$failed"
