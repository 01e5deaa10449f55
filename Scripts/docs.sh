#!/bin/sh
# docs.sh SWIFT OUTPUT: makes the documentation of the module Perceptron, with all that it re-exports, a static site. Ends
# with an error on a warning, or if a public declaration has no documentation.
set -eu
swift=$1 output=$2
tools=$(dirname "$(command -v "$swift")")
build=.build/release
symbols=$output/symbols
site=$output/site

"$swift" build -c release --product perceptron
rm -rf "$output"
mkdir -p "$symbols"

maps=
for map in "$build"/CPerceptron*.build/module.modulemap Sources/*/module.modulemap; do
  maps="$maps -Xcc -fmodule-map-file=$PWD/$map"
done
reexported=$(sed -n 's/^@_exported import //p' Sources/Perceptron/Perceptron.swift | paste -sd , -)
# shellcheck disable=SC2086
"$tools/swift-symbolgraph-extract" -module-name Perceptron -target "$(uname -m)-unknown-linux-gnu" \
  -I "$build/Modules" $maps -minimum-access-level public "-experimental-allowed-reexported-modules=$reexported" \
  -skip-inherited-docs -skip-synthesized-members -output-dir "$symbols"

# What the compiler makes needs no documentation, and what a program does not call gets none.
python3 - "$symbols/Perceptron.symbols.json" <<'END'
import json
import sys

symbols = json.load(open(sys.argv[1]))["symbols"]
made = ("description", "init(rawValue:)", "init(from:)")
internal = ("BLASRoutines", "FloatRoutines", "DoubleRoutines")
bare = [
    ".".join(symbol["pathComponents"])
    for symbol in symbols
    if "docComment" not in symbol and symbol["pathComponents"][-1] not in made and symbol["pathComponents"][0] not in internal
]
if bare:
    sys.exit("error: public declarations without documentation: " + ", ".join(bare))
END

"$tools/docc" convert Sources/Perceptron/Perceptron.docc --additional-symbol-graph-dir "$symbols" \
  --fallback-display-name Perceptron --fallback-bundle-identifier perceptron --warnings-as-errors \
  --transform-for-static-hosting --output-dir "$site"
echo "documentation: $site (for a browser, serve it: python3 -m http.server --directory $site, then /documentation/perceptron)"
