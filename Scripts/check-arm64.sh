#!/usr/bin/env bash
# check-arm64.sh CLANG DIRECTORY: builds the C kernels and their checks in Tests/CKernelsCheck for this machine and for arm64, and runs both, the second under QEMU.
# The results that must have the same bits on every processor are compared.
set -euo pipefail
clang=$1 directory=$2
arm=/usr/aarch64-linux-gnu # of libc6-dev-arm64-cross
mkdir -p "$directory"

# build PROGRAM OPTION…: with the optimisation that SwiftPM asks for. The checks' own formulas are not to be fused.
build() {
  local program=$1
  shift
  "$clang" -std=gnu11 -O2 -Wall -Werror -ffp-contract=off -pthread -ISources/CKernels/include -ISources/CChecksum/include "$@" -o "$program"
}

# bits KIND LOG
bits() { sed -n "s/^bits $1 //p" "$2"; }

# Runs a program and shows what it says, indented.
run() {
  local log=$1
  shift
  local status=0
  "$@" >"$log" 2>&1 || status=$?
  sed 's/^/  /' "$log"
  [ "$status" -eq 0 ] || { echo "check-arm64: $* failed with status $status" >&2; exit 1; }
}

sources=(Sources/CKernels/*.c Sources/CChecksum/*.c Tests/CKernelsCheck/*.c)
echo "this machine, $(uname -m):"
# Address Sanitizer sees what is written beyond the scratch memory too.
build "$directory/here" -fsanitize=address -fuse-ld=lld "${sources[@]}" -lm
run "$directory/here.log" "$directory/here"
[ "$(uname -m)" != aarch64 ] || { echo "check-arm64: passed; this is arm64, so nothing is emulated or compared"; exit 0; }

echo "arm64, emulated:"
# Debian's package brings the C library without the parts of a compiler that a program begins and ends with.
build "$directory/arm64" --target=aarch64-linux-gnu -isystem "$arm/include" -fuse-ld=lld -nostdlib -pie -L"$arm/lib" \
  "$arm/lib/Scrt1.o" "$arm/lib/crti.o" "${sources[@]}" -lm -lc "$arm/lib/crtn.o"
run "$directory/arm64.log" qemu-aarch64 -L "$arm" "$directory/arm64"

for kind in plain fused; do
  here=$(bits "$kind" "$directory/here.log") there=$(bits "$kind" "$directory/arm64.log")
  if [ -z "$here" ]; then
    echo "bits, $kind: not compared, this processor has no fused multiply-adds"
  elif [ "$here" != "$there" ]; then
    echo "check-arm64: bits, $kind: $here here, $there on arm64; they must be the same" >&2
    exit 1
  fi
done
echo "check-arm64: passed; the results that must have the same bits have them"
