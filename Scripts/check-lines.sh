#!/bin/sh
# check-lines.sh PATH…: no line of Swift, C or Markdown is longer than 120 columns, except rows of tables, JSON and addresses.
set -eu

long=$(find "$@" \( -name .build -o -name results \) -prune -o -type f \
  \( -name '*.swift' -o -name '*.[ch]' -o -name '*.inc' -o -name '*.def' -o -name '*.md' \) -print |
  LC_ALL=C.UTF-8 xargs grep -nE '.{121,}' /dev/null | grep -vE '^[^:]*\.md:[0-9]+:[|{]|https?://' || true)
[ -z "$long" ] || {
  echo "$long" | cut -c 1-160
  echo "error: lines of more than 120 columns" >&2
  exit 1
}
