#!/usr/bin/env bash
# Train a chat model with GRPO on a run's problems and their answers: MODEL=Qwen/Qwen3-0.6B examples/train_grpo.sh runs/x [flags of `trl grpo`]
# The reward compares the last \boxed{} with the problem's answer. On a GPU, `--use_vllm True` samples faster. Needs requirements-train.txt.
set -euo pipefail
run=${1:?"the folder of a run"}; shift
exec trl grpo --model_name_or_path "${MODEL:?"a model's name or folder"}" \
    --dataset_name "$run" --dataset_config rlvr --reward_funcs accuracy_reward \
    --output_dir "${OUTPUT:-trained/grpo}" --learning_rate 1e-6 --num_train_epochs 1 \
    --num_generations 8 --max_completion_length 2048 \
    --per_device_train_batch_size 8 --gradient_accumulation_steps 4 --report_to none "$@"
