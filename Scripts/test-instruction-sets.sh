#!/usr/bin/env bash
# Runs the tests of what depends on the instruction set with each one that this processor has, except the best, which all tests use: test-instruction-sets.sh SWIFT PERCEPTRON
#
# They are those that training gives the same bits with any number of threads, known trajectories, and predictions alone and in batches.
set -euo pipefail
swift=$1 perceptron=$2
tests='SameBits|Golden|PackedNetwork|Predictor|FloatingPointMode|ProductTests|ArticleTests|GradientTests'
best=$("$perceptron" --version | sed -n 's/.*instruction set \([a-z0-9]*\).*/\1/p')
for set in baseline avx2 avx512; do
  [ "$set" = "$best" ] && continue
  if ! PERCEPTRON_INSTRUCTIONS=$set "$perceptron" --version >/dev/null 2>&1; then
    echo "instruction set $set: skipped, this processor lacks it"
    continue
  fi
  echo "instruction set $set:"
  log=$(mktemp)
  if ! PERCEPTRON_INSTRUCTIONS=$set "$swift" test -c release --skip-build --filter "$tests" >"$log" 2>&1; then
    grep -E '✘|error' "$log" | head -40
    rm -f "$log"
    exit 1
  fi
  grep 'Test run' "$log"
  rm -f "$log"
done
