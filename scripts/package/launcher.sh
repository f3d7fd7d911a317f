#!/bin/sh
# kubectl azir where it is no program of its own: the Node beside this file runs the bundle beside it. krew links to this file from another folder.
set -eu
self=$0
while [ -L "$self" ]; do
  to=$(readlink "$self")
  case $to in
    /*) self=$to ;;
    *) self=$(dirname "$self")/$to ;;
  esac
done
folder=$(cd "$(dirname "$self")" && pwd)
case $(basename "$0") in
  kubectl_complete-azir) set -- __complete "$@" ;;
esac
exec "$folder/node" "$folder/kubectl-azir.js" "$@"
