#!/bin/sh
# Trains on the example's digits and draws the report in Chromium: light, dark, narrow and printed. Draws another report,
# of a search on a table with bounds.
# usage: check-report.sh PERCEPTRON DIRECTORY
set -eu
program=$1
directory=$2
. "$(dirname "$0")/chromium.sh"
mkdir -p "$directory"
page=$(cd "$directory" && pwd)/report.html
"$program" train Examples/digits.csv.gz --epochs 20 --validation-split 0.2 --report "$page" --quiet
printf '<body style="margin:0"><iframe src="report.html" width="390" height="4000" style="border:0"></iframe>' > "$directory/phone.html"
draw "$directory/light.png" 1200,2600 "file://$page"
draw "$directory/dark.png" 1200,2600 $dark "file://$page"
draw "$directory/phone.png" 500,4000 "file://${page%report.html}phone.html"
awk 'BEGIN { srand(1); print "size,rooms,town,price"
  for (row = 0; row < 400; row++) { size = 40 + 100 * rand(); rooms = int(size / 25)
    printf "%.1f,%d,%s,%.0f\n", size, rooms, rooms % 2 ? "Ulm" : "Bonn", 3000 * size + 20000 * rooms + 30000 * rand() } }' \
  > "$directory/houses.csv"
"$program" train "$directory/houses.csv" --auto --trials 4 --epochs 20 --interval 0.9 --report "$directory/search.html" --quiet > /dev/null
draw "$directory/search.png" 1200,3600 "file://${page%report.html}search.html"
browse --no-pdf-header-footer --print-to-pdf="$directory/print.pdf" "file://$page" > /dev/null
drawn "$directory" light.png dark.png phone.png search.png print.pdf
