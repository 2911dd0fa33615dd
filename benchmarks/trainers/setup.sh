#!/usr/bin/env bash
# Put the trainers that compare.py runs into a folder: benchmarks/trainers/setup.sh FOLDER
# One environment for all (requirements-train.txt). Each other framework is laid beside it without what it requires, since that takes a
# GPU and gigabytes; what its reading of files needs comes with it.
set -euo pipefail
here=$(dirname "$(realpath "$0")") folder=${1:?"a folder"}
python3 -m venv "$folder/venv"
install() { "$folder/venv/bin/python" -m pip install "$@"; }
beside() { install --no-deps --target "$folder/$1" "${@:2}"; }
with_all() { install --target "$folder/$1" "${@:2}"; }
install -r "$here/../../requirements-train.txt"
beside trl_prm trl==1.13.0
beside openrlhf openrlhf==0.11.2 pylatexenc==2.11
beside openrlhf_prm openrlhf==0.9.5 pylatexenc==2.11
with_all verl ray==2.60.0 omegaconf==2.4.0 pillow==13.0.0 cloudpickle==3.1.3 pyvers==0.1.0 orjson==3.13.0 importlib_metadata==10.2.0
beside verl verl==0.9.1 tensordict==0.10.0
beside llamafactory llamafactory==0.9.5 omegaconf==2.4.0 pillow==13.0.0
with_all ms_swift aiohttp==3.14.5 requests==2.34.2 json_repair==0.64.6 addict==2.4.0 pillow==13.0.0
beside ms_swift ms-swift==4.6.0 modelscope==1.31.0
beside axolotl axolotl==0.19.0 addict==2.4.0 colorama==0.4.6 pillow==13.0.0
