#!/bin/bash
# check-static.sh PROGRAM DIRECTORY: checks that a perceptron command needs no library where it runs, and says its size and its start-up time.
# Fails where it links anything. Writes what it tries into the directory. Needs bash, for a clock that starts no process.
set -euo pipefail

fail() {
  printf 'check-static: %s\n' "$1" >&2
  exit 1
}

[ $# -eq 2 ] || { printf 'usage: check-static.sh PROGRAM DIRECTORY\n' >&2; exit 2; }
program=$1
directory=$2
data=Examples/digits.csv.gz
[ -r "$data" ] || fail "$data was not found; run this where Package.swift lies"

links=$(objdump -p "$program" | awk '$1 == "NEEDED" { printf "%s ", $2 }')
[ -z "$links" ] || fail "$program still links ${links% }; expected no libraries"

# median COMMAND…: the middle of the milliseconds that 21 runs take, with nothing in the environment.
median() {
  for _ in {1..21}; do
    start=${EPOCHREALTIME/[.,]/}
    env -i "$@" >"$directory/output" || fail "$* failed"
    echo $((${EPOCHREALTIME/[.,]/} - start))
  done | sort -n | awk 'NR == 11 { printf "%.1f ms", $1 / 1000 }'
}

# The program's own check: a small model is trained, and answers.
env -i "$program" train "$data" -o "$directory/digits.perceptron" --epochs 5 --quiet >"$directory/output" 2>&1 ||
  fail "$program could not train on $data: $(tail -n 1 "$directory/output")"
gzip -dc "$data" | sed -n 1,2p >"$directory/digit.csv"
version=$(median "$program" --version)
prediction=$(median "$program" predict "$directory/digits.perceptron" "$directory/digit.csv")

echo "$program"
echo "  links     ${links:-nothing}"
echo "  size      $(($(wc -c <"$program") / 1000000)) MB"
echo "  start-up  $version for --version, $prediction for predict on one row (medians of 21)"
