#!/usr/bin/env bash
# One training round of at most ten minutes on one GPU: scripts/gpu_round.sh events.npz [out] [options]
#
# Needs python3 with torch, numpy and safetensors, nothing else; docs/training.md explains the rest.
# OUT names the folder of what comes back where the second argument is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
events=${1:?usage: scripts/gpu_round.sh events.npz [out] [options of python3 -m composer.training.gpu_round]}
out=${2:-${OUT:-runs/round}}
shift $(($# > 2 ? 2 : $#))
export PYTHONUNBUFFERED=1 PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True
exec "${PYTHON:-python3}" -m composer.training.gpu_round --events "$events" --out "$out" "$@"
