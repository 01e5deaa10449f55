#!/bin/sh
# install-packages.sh PACKAGE…: installs those of the Debian packages that are missing, with sudo where that is needed, and says so.
# Where there is no apt it only names what is needed: the build then tells what is missing.
set -eu

command -v swift >/dev/null 2>&1 || {
  echo "error: swift was not found; install the Swift toolchain (swift.org/install) and put it on the PATH" >&2
  exit 1
}
command -v dpkg-query >/dev/null 2>&1 || {
  echo "not a Debian system: make sure that OpenBLAS, LAPACKE and zlib are there with their headers"
  exit 0
}

missing=
for package in "$@"; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

run=
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null 2>&1 || {
    echo "error: missing:$missing; as root, run: apt-get install$missing" >&2
    exit 1
  }
  run=sudo
fi
echo "installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A package list may be old or absent; without a network the second command says what is wrong.
$run env DEBIAN_FRONTEND=noninteractive apt-get update >"$log" 2>&1 || true
# shellcheck disable=SC2086 # the names are words
$run env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >"$log" 2>&1 || {
  tail -n 5 "$log" >&2
  echo "error: could not install$missing; run: sudo apt-get install$missing" >&2
  exit 1
}
