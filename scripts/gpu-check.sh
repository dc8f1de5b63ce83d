#!/bin/bash
# Checks hilum on a machine with an NVIDIA GPU: builds the addon against a CUDA libtorch, holds it to Python's PyTorch on
# the device, measures training steps beside it. Needs node (20+), cmake, make or ninja, g++, and node_modules and dist/ in
# this checkout; no network.
#   scripts/gpu-check.sh OUT_FOLDER
# HILUM_PYTHON names the Python with torch (python3); HILUM_LIBTORCH the libtorch (that Python's own).
set -uo pipefail
cd "$(dirname "$0")/.."
out=${1:?usage: scripts/gpu-check.sh OUT_FOLDER}
mkdir -p "$out"
export HILUM_PYTHON=${HILUM_PYTHON:-$(command -v python3)}
export HILUM_LIBTORCH=${HILUM_LIBTORCH:-$("$HILUM_PYTHON" -c 'import os, torch; print(os.path.dirname(torch.__file__))')}
failed=0

step() { # NAME COMMAND...
  local name=$1 from=$SECONDS
  shift
  echo "== $name"
  if timeout "${STEP_SECONDS:-240}" "$@"; then echo "== $name: done in $((SECONDS - from)) s"
  else echo "== $name: FAILED (exit code $?) after $((SECONDS - from)) s"; failed=1; fi
}
bench() { # FILE NAME FLAGS...
  local file=$1
  shift
  node dist/bench/run.js "$@" --json > "$out/$file.json"
}
export -f bench
export out

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
"$HILUM_PYTHON" -c 'import torch; print("torch", torch.__version__, "cuda", torch.version.cuda, torch.cuda.is_available())'
echo "node $(node --version), $(cmake --version | head -1), $(c++ --version | head -1)"

step build node scripts/setup.mjs native || true
if [ ! -f build/native/Release/hilum.node ]; then tail -60 build/setup.log; exit 1; fi
step engine node dist/bench/gpu-engine.js
step parity-cpu bash -c 'bench parity-cpu parity --device cpu'
step parity-cuda bash -c 'bench parity-cuda parity --device cuda'
for batch in 8 64; do
  for precision in fp32 bf16; do
    step "step $precision, batch $batch" bash -c \
      "bench step-$precision-$batch step --device cuda --batch $batch --precision $precision --rounds 9 --seconds 60"
  done
done
exit $failed
