#!/bin/bash
# build-static.sh DIRECTORY: builds the perceptron command so that it needs no library where it runs, in a scratch directory of its
# own, and says what it still links, its size and its start-up time. Fails where it links anything.
# SWIFT is the swift to call, if not the one on the PATH. Needs bash, for a clock that starts no process.
set -euo pipefail

fail() {
  printf 'build-static: %s\n' "$1" >&2
  exit 1
}

[ $# -eq 1 ] || { printf 'usage: build-static.sh DIRECTORY\n' >&2; exit 2; }
directory=$1
data=Examples/digits.csv.gz
[ -r "$data" ] || fail "$data was not found; run this where Package.swift lies"

# A linker that makes a static executable takes archives alone. OpenBLAS's calls the Fortran run-time library. lld, unlike gold,
# looks for a symbol in all archives, whatever their order. -s leaves debugging information out.
"${SWIFT:-swift}" build -c release --product perceptron --scratch-path "$directory" --static-swift-stdlib \
  -Xswiftc -static-executable -Xswiftc -use-ld=lld -Xlinker -lgfortran -Xlinker -lquadmath -Xlinker -s
program=$directory/release/perceptron

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
