#!/usr/bin/env bash
# Put the trainers that compare.py runs into a folder: benchmarks/trainers/setup.sh FOLDER
# One environment for all (requirements-train.txt); each other framework is laid beside it without its own requirements.
set -euo pipefail
here=$(dirname "$(realpath "$0")") folder=${1:?"a folder"}
python3 -m venv "$folder/venv"
pip() { "$folder/venv/bin/python" -m pip "$@"; }
pip install -r "$here/../../requirements-train.txt"
beside() { local name=$1; shift; pip install --no-deps --target "$folder/$name" "$@"; }
beside trl_prm trl==1.13.0
beside openrlhf openrlhf==0.11.2 pylatexenc==2.11
beside openrlhf_prm openrlhf==0.9.5
beside verl verl==0.9.1 omegaconf
beside llamafactory llamafactory==0.9.5 omegaconf
beside ms_swift ms-swift==4.6.0
beside axolotl axolotl==0.19.0
