#!/bin/sh
# Downloads the files that a checksum file names, and keeps only those that match.
#
#   Scripts/download-mnist.sh URL DIRECTORY CHECKSUMS
#
# URL        where the files lie: URL/NAME for each name in CHECKSUMS
# DIRECTORY  where they go; made if it is not there
# CHECKSUMS  lines of `sha256sum`, such as Scripts/mnist.sha256
#
# A file that is there with the right checksum is not downloaded again. One with a wrong checksum is replaced, but
# only once its replacement has been verified. Needs sha256sum and either curl or wget.
set -eu

fail() {
  printf 'download-mnist: %s\n' "$1" >&2
  exit 1
}

sum() {
  line=$(sha256sum <"$1") && printf '%s' "${line%% *}"
}

# Downloads address $1 to file $2. Both tools give up on a server that falls silent for a minute.
fetch() {
  if [ "$downloader" = curl ]; then
    curl --fail --silent --show-error --location --connect-timeout 60 --speed-limit 1 --speed-time 60 \
      --output "$2" "$1"
  else
    wget --no-verbose --tries=2 --timeout=60 --output-document="$2" "$1"
  fi
}

if [ $# -ne 3 ]; then
  printf 'usage: download-mnist.sh URL DIRECTORY CHECKSUMS\n' >&2
  exit 2
fi
url=${1%/}
directory=$2
checksums=$3

command -v sha256sum >/dev/null || fail 'sha256sum is not installed; install coreutils'
# curl, where both are there: it says more about what went wrong.
downloader=
for tool in wget curl; do
  if command -v "$tool" >/dev/null; then downloader=$tool; fi
done
[ -f "$checksums" ] && [ -r "$checksums" ] || fail "$checksums: cannot be read; give a file that sha256sum wrote"
mkdir -p -- "$directory" 2>/dev/null || fail "$directory: cannot be made; give a directory that can be written"

# Whatever ends the script, no unverified part stays behind.
part=
trap '[ -z "$part" ] || rm -f -- "$part"' EXIT
trap 'exit 1' HUP INT TERM

count=0
while read -r expected name || [ -n "$expected" ]; do
  [ -n "$expected" ] || continue
  name=${name#\*}
  valid=yes
  [ ${#expected} -eq 64 ] || valid=
  case $expected in *[!0-9a-f]*) valid= ;; esac
  case $name in '' | */*) valid= ;; esac
  [ -n "$valid" ] ||
    fail "$checksums: found \"$expected $name\", expected a SHA-256 and a file name; give a file that sha256sum wrote"
  count=$((count + 1))
  file=$directory/$name

  if [ -f "$file" ] && [ "$(sum "$file")" = "$expected" ]; then
    printf '%s: already there\n' "$file"
    continue
  fi

  [ -n "$downloader" ] || fail 'neither curl nor wget is installed; install one of them'
  part=$file.part
  if ! problem=$(fetch "$url/$name" "$part" 2>&1); then
    problem=$(printf '%s' "$problem" | tail -n 1)
    fail "$url/$name: ${problem%.}; check the address and the network"
  fi
  found=$(sum "$part") || fail "$part: cannot be read back; check the disk"
  [ "$found" = "$expected" ] ||
    fail "$url/$name: checksum $found, expected $expected; download again, or from another address"
  mv -f -- "$part" "$file" 2>/dev/null || fail "$file: cannot be written; check the directory"
  part=
  printf '%s: downloaded\n' "$file"
done <"$checksums"
[ "$count" -gt 0 ] || fail "$checksums: names no files; give a file that sha256sum wrote"
