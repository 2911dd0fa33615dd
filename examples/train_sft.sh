#!/usr/bin/env bash
# Fine-tune a chat model on a run's right solutions: MODEL=Qwen/Qwen3-0.6B examples/train_sft.sh runs/x [flags of `trl sft`]
# FILE=prm_chat or FILE=critic trains those instead, where the run has them. Needs requirements-train.txt.
set -euo pipefail
run=${1:?"the folder of a run"}; shift
exec trl sft --model_name_or_path "${MODEL:?"a model's name or folder"}" \
    --dataset_name "$run" --dataset_config "${FILE:-sft}" --assistant_only_loss True --max_length 4096 \
    --output_dir "${OUTPUT:-trained/sft}" --learning_rate 1e-5 --num_train_epochs 2 \
    --per_device_train_batch_size 4 --gradient_accumulation_steps 4 --report_to none "$@"
