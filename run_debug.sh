#!/usr/bin/env bash
# The main job on samples, at a size for a first look: on the endpoint that the environment names, else on the embedded model.
# Arguments are added to the command: ./run_debug.sh --limit 3 --output_dir runs/three
set -euo pipefail
source "$(dirname "$0")/scripts/setup_venv.sh"
if [ -n "${OPENAI_API_KEY:-}${OPENAI_BASE_URL:-}${AZURE_OPENAI_ENDPOINT:-}" ]; then
    echo "Using the endpoint of the environment (OPENAI_* or AZURE_OPENAI_*); model ${MODEL_NAME:-gpt-4o} (set MODEL_NAME for another)."
    command=(python generate.py --seed_file samples/competition.jsonl --model_name "${MODEL_NAME:-gpt-4o}" --limit 4 --num_solutions 8 --max_branches 16)
else
    echo "No endpoint in the environment: using the embedded model, a very small one, on one- and two-step word problems."
    command=(python generate.py --seed_file samples/arithmetic.jsonl --model_name smollm2-135m --temperature 0.5 --limit 8
             --num_solutions 8 --max_branches 16 --max_tokens 128)
fi
command+=(--output_dir runs/debug "$@")
echo "${command[@]}"
code=0; "${command[@]}" || code=$?
if [ $code -gt 1 ]; then exit $code; fi  # bad input, or Ctrl-C: what went before says it all
case " $* " in *" --output_dir"*) exit $code ;; esac  # its tree stands elsewhere
echo
python -m evolvemcts4rl.show_tree runs/debug || true
exit $code
