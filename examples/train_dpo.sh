#!/usr/bin/env bash
# Train a chat model on a run's pairs of a right and a wrong solution: MODEL=Qwen/Qwen3-0.6B examples/train_dpo.sh runs/x [flags of `trl dpo`]
# Needs requirements-train.txt.
set -euo pipefail
run=${1:?"the folder of a run"}; shift
exec trl dpo --model_name_or_path "${MODEL:?"a model's name or folder"}" \
    --dataset_name "$run" --dataset_config "${FILE:-dpo}" --max_length 4096 --beta 0.1 \
    --output_dir "${OUTPUT:-trained/dpo}" --learning_rate 5e-7 --num_train_epochs 1 \
    --per_device_train_batch_size 2 --gradient_accumulation_steps 8 --report_to none "$@"
