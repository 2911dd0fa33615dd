#!/usr/bin/env bash
# Everything that must hold before a change lands: style, types, tests. With --fast: style, and the tests that start no processes.
# Other arguments go to pytest: ./run_tests.sh tests/solutions/test_steps.py -k latex
set -euo pipefail
source "$(dirname "$0")/scripts/setup_venv.sh"
fast=
if [ "${1:-}" = --fast ]; then fast=yes; shift; fi
if [ $# -gt 0 ]; then exec python -m pytest ${fast:+-m "not slow"} "$@"; fi
echo "Style";  ruff check .; ruff format --check .
if [ -n "$fast" ]; then exec python -m pytest -m "not slow" -n 2 --dist loadfile; fi
echo "Types";  mypy
echo "Tests";  python -m pytest -n 2 --dist loadfile
