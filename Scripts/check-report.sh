#!/bin/sh
# Trains on the example's digits and draws the report in Chromium: light, dark, narrow and printed. Draws another report,
# of a search on a table with bounds.
# usage: check-report.sh PERCEPTRON DIRECTORY
set -eu
program=$1
directory=$2
browser=$(command -v chromium || command -v chromium-browser || true)
[ -n "$browser" ] || { echo "check-report: chromium is not installed; nothing was checked"; exit 0; }
mkdir -p "$directory"
page=$(cd "$directory" && pwd)/report.html
"$program" train Examples/digits.csv.gz --epochs 20 --validation-split 0.2 --report "$page" --quiet
printf '<body style="margin:0"><iframe src="report.html" width="390" height="4000" style="border:0"></iframe>' > "$directory/phone.html"
draw() { "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars "$@" > /dev/null 2>&1; }
draw --window-size=1200,2600 --screenshot="$directory/light.png" "file://$page"
draw --window-size=1200,2600 --blink-settings=preferredColorScheme=0 --screenshot="$directory/dark.png" "file://$page"
draw --window-size=500,4000 --screenshot="$directory/phone.png" "file://${page%report.html}phone.html"
awk 'BEGIN { srand(1); print "size,rooms,town,price"
  for (row = 0; row < 400; row++) { size = 40 + 100 * rand(); rooms = int(size / 25)
    printf "%.1f,%d,%s,%.0f\n", size, rooms, rooms % 2 ? "Ulm" : "Bonn", 3000 * size + 20000 * rooms + 30000 * rand() } }' \
  > "$directory/houses.csv"
"$program" train "$directory/houses.csv" --auto --trials 4 --epochs 20 --interval 0.9 --report "$directory/search.html" --quiet > /dev/null
draw --window-size=1200,3600 --screenshot="$directory/search.png" "file://${page%report.html}search.html"
draw --no-pdf-header-footer --print-to-pdf="$directory/print.pdf" "file://$page"
for file in light.png dark.png phone.png search.png print.pdf; do
  [ -s "$directory/$file" ] || { echo "check-report: $file was not drawn"; exit 1; }
done
echo "check-report: look at $directory/light.png, dark.png, phone.png, search.png and print.pdf"
