#!/usr/bin/env bash
# Trains on a table four times as large as the memory allowed: test-cache.sh PERCEPTRON
#
# A cgroup sets the limit. The model must be, byte for byte, the one that unlimited memory gives.
set -euo pipefail
perceptron=$(realpath "$1")
megabytes=${2:-160}
directory=$(mktemp -d)
group=
end() {
  [ -z "$group" ] || rmdir "$group"
  rm -rf "$directory"
}
trap end EXIT
cd "$directory"

if [ -w /sys/fs/cgroup/memory/cgroup.procs ]; then
  group=/sys/fs/cgroup/memory/perceptron-$$
  mkdir "$group"
  echo "${megabytes}M" >"$group/memory.limit_in_bytes"
elif [ -w /sys/fs/cgroup/cgroup.procs ] && grep -q memory /sys/fs/cgroup/cgroup.subtree_control; then
  group=/sys/fs/cgroup/perceptron-$$
  mkdir "$group"
  echo "${megabytes}M" >"$group/memory.max"
  echo 0 >"$group/memory.swap.max"
else
  echo "error: no cgroup can be made here, so the memory of a process cannot be limited; run this as root" >&2
  exit 1
fi

awk -v bytes=$((4 * megabytes * 1048576)) 'BEGIN {
  seed = 1
  columns = 30
  for (column = 0; column < columns; ++column) printf "n%d,", column
  print "kind,y"
  while (written < bytes) {
    line = ""
    sum = 0
    for (column = 0; column < columns; ++column) {
      seed = (seed * 1103515245 + 12345) % 2147483648
      number = int(seed / 2147.483648) / 1000000
      sum += column < 4 ? number : 0
      line = line number ","
    }
    line = line substr("abc", seed % 3 + 1, 1) "," (sum > 2 ? "more" : "less")
    written += length(line) + 1
    print line
  }
}' >large.csv
ls -l large.csv | awk '{ printf "a table of %d MB, %d MB of memory\n", $5 / 1048576, m }' m="$megabytes"

# limited OPTION… trains in the memory allowed.
limited() { sh -c "echo \$\$ >$group/cgroup.procs; exec \"\$@\"" - "$perceptron" train "$@"; }

# timed COMMAND… runs a command that trains, and prints how many milliseconds it takes.
timed() {
  local start status=0
  start=$(date +%s%N)
  "$@" >/dev/null 2>train.err || status=$?
  [ $status = 0 ] || { echo "failed: $*: exit code $status: $(tail -3 train.err)" >&2; exit 1; }
  echo $((($(date +%s%N) - start) / 1000000))
}

common='large.csv --seed 1 --threads 2 --no-baseline'
for options in '--recipe plain --hidden 64 --epochs 2 --batch-size 1024' '--epochs 1 --ensemble 2 --hidden 32'; do
  memory=$(timed "$perceptron" train $common $options -o memory.model)
  both=$(timed "$perceptron" train $common $options --cache cache -o both.model)
  files=$(timed limited $common $options --cache cache -o files.model)
  cmp memory.model both.model
  cmp memory.model files.model
  [ -z "$(ls cache)" ] || { echo "failed: files are left: $(ls cache)"; exit 1; }
  echo "$options: the same model, $memory ms in memory, $both ms from files that fit into memory, $files ms from files that do not"
done

# Without the files, the memory does not suffice.
if limited $common --recipe plain -o none.model >/dev/null 2>none.err; then
  echo "failed: the memory sufficed without files"
  exit 1
fi
grep -q 'of memory that may still be used' none.err || { echo "failed: without files: $(tail -1 none.err)"; exit 1; }
