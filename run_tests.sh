#!/usr/bin/env bash
# Everything that must hold before a change lands: style, types, tests. Arguments go to pytest: ./run_tests.sh tests/test_steps.py -k latex
set -euo pipefail
source "$(dirname "$0")/scripts/setup_venv.sh"
if [ $# -gt 0 ]; then exec python -m pytest "$@"; fi
echo "Style";  ruff check .; ruff format --check .
echo "Types";  mypy
echo "Tests";  python -m pytest
