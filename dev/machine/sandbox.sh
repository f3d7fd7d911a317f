#!/usr/bin/env bash
# Process 1 of a sandbox: sandbox.sh DIR PACKAGES NETWORK COMMAND… All that runs in it ends when this ends.
set -euo pipefail
dir=$1 packages=$2 network=$3
shift 3

# The cgroups that this process was put into are the roots of those that it sees.
mount -t tmpfs tmpfs "$dir/mnt"
while read -r _ at type options _; do
  case $type in
    cgroup | cgroup2) printf '%s %s %s\n' "$type" "$at" "$options" ;;
  esac
done < /proc/self/mounts > "$dir/mnt/cgroups"
while read -r type at options; do
  umount "$at"
  case $type in
    cgroup) mount -t cgroup -o "$(sed -E 's/(^|,)(rw|ro|nosuid|nodev|noexec|relatime|noatime|clone_children|xattr|release_agent=[^,]*)//g; s/^,//; s/^name=/none,name=/' <<< "$options")" cgroup "$at" ;;
    cgroup2) mount -t cgroup2 cgroup2 "$at" ;;
  esac
done < "$dir/mnt/cgroups"
umount "$dir/mnt"

# Debian packages as if they were installed.
mount -t overlay overlay -o "lowerdir=$packages/usr:/usr" /usr

# What kubelet, containerd, BuildKit and CNI write outside their own folders.
mount -t tmpfs tmpfs /run
for name in lib log; do
  mkdir -p "$dir/var-$name"
  mount --bind "$dir/var-$name" "/var/$name"
done

if [ "$network" = own ]; then
  # What a kubelet would set for the whole machine: it finds it set.
  mkdir -p "$dir/sysctl"
  for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1; do
    file=$dir/sysctl/$(basename "${setting%=*}")
    echo "${setting#*=}" > "$file"
    mount --bind "$file" "/proc/sys/${setting%=*}"
  done
  mount --make-rshared /
  hostname node1
  ip link set lo up
  ip link add node0 type bridge
  ip address add 10.99.0.1/24 dev node0
  ip link set node0 up
  # Without a default route the cluster's own addresses would have none before they are rewritten.
  ip route add default via 10.99.0.1 dev node0
  echo 1 > /proc/sys/net/ipv4/ip_forward
  echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables
fi

# Not exec: as process 1 it would have to bury the dead, as this shell does.
trap 'exit 143' TERM
"$@" &
wait $!
