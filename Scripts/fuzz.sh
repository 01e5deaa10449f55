#!/usr/bin/env bash
# Fuzzes the readers of files: fuzz.sh FUZZER DIRECTORY RUNS SECONDS TIMEOUT [TARGET...]
#
# Each target gets so many inputs, or so many seconds where these are over sooner; without names, every target. An input may take TIMEOUT seconds. DIRECTORY keeps what was learnt for the
# next time, and what was found. FUZZER is built with libFuzzer.
set -euo pipefail
fuzzer=$1 directory=$2 runs=$3 seconds=$4 timeout=$5
shift 5
targets=${*:-$("$fuzzer")}
# Traps are told by the program itself in one line; leaks are not looked for, because the run-time library of Swift keeps what it makes.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=0
# What libFuzzer is guided by: the C loops alone have 15 000 counters, with all of the Swift code there are 100 000.
least=50000
counters=$({ "$fuzzer" "${targets%%[[:space:]]*}" -runs=0 2>&1 || true; } | sed -n 's/.*(\([0-9]*\) inline 8-bit counters).*/\1/p')
if [ "${counters:-0}" -lt "$least" ]; then
  echo "$fuzzer: found ${counters:-0} counters, expected $least or more: its Swift code does not guide the fuzzer; see fuzzer in the Makefile" >&2
  exit 1
fi
failed=0
printf '%-12s %12s %10s %10s %10s\n' target inputs edges features inputs/s
for target in $targets; do
  place=$directory/$target
  mkdir -p "$place/seeds" "$place/corpus" "$place/findings"
  "$fuzzer" "$target" --prepare "$place"
  words=()
  [ -s "$place/dictionary" ] && words=("-dict=$place/dictionary")
  # A trap, an input that takes longer, or more memory than a budget of its own ends the run and is kept.
  status=0
  "$fuzzer" "$target" -runs="$runs" -max_total_time="$seconds" -timeout="$timeout" -rss_limit_mb=1024 -max_len=4096 -detect_leaks=0 \
    -use_value_profile=0 -print_final_stats=1 -artifact_prefix="$place/findings/" "${words[@]}" "$place/corpus" "$place/seeds" \
    >"$place/log" 2>&1 || status=$?
  awk -v target="$target" '
    / cov: / { for (i = 1; i < NF; i++) { if ($i == "cov:") edges = $(i + 1); if ($i == "ft:") features = $(i + 1) } }
    /stat::number_of_executed_units/ { inputs = $2 }
    /stat::average_exec_per_sec/ { rate = $2 }
    END { printf "%-12s %12s %10s %10s %10s\n", target, inputs, edges, features, rate }' "$place/log"
  if [ "$status" -ne 0 ]; then
    failed=1
    grep -a -m 3 -E '^Fatal|^(perceptron|PerceptronFuzzer|Tensor|Swift).*: |ERROR:|SUMMARY:|Test unit written' "$place/log" | cut -c1-300 || true
    echo "$target: found something, in $place/findings; see $place/log"
  fi
done
exit $failed
