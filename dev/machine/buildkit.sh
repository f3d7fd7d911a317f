#!/usr/bin/env bash
# In a sandbox: buildkit.sh ROOT LOG ARGUMENTS… runs one build of BuildKit, whose state stays in ROOT.
set -euo pipefail
root=$1 log=$2
shift 2
address=unix:///run/buildkit.sock
# Builds need npm's registry: the network is this machine's. Its cache may have 6 GB: what npm installed goes first, which costs a minute.
buildkitd --root "$root" --addr "$address" --oci-worker-net=host --oci-worker-binary="$(which runc)" \
  --oci-worker=true --containerd-worker=false --oci-worker-gc-keepstorage=6000 > "$log" 2>&1 &
daemon=$!
until buildctl --addr "$address" debug workers > /dev/null 2>&1; do
  kill -0 "$daemon" 2> /dev/null || { tail -20 "$log" >&2; exit 1; }
  sleep 0.1
done
buildctl --addr "$address" build --progress plain --frontend dockerfile.v0 "$@"
kill "$daemon"
wait "$daemon" || true
