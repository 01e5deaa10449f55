#!/bin/sh
# Serves a model and draws its page in Chromium: light, dark and narrow. Checks that the page shows a prediction that follows its fields.
# usage: check-service.sh PERCEPTRON DIRECTORY
set -eu
program=$1
directory=$2
. "$(dirname "$0")/chromium.sh"
mkdir -p "$directory"
awk 'BEGIN { srand(1); print "area,rooms,city,price"
  for (row = 0; row < 400; row++) { area = 40 + 100 * rand(); rooms = int(area / 25)
    printf "%.1f,%d,%s,%.0f\n", area, rooms, row % 2 ? "Ulm" : "Bonn", 3000 * area + 50000 * (row % 2) + 30000 * rand() } }' \
  > "$directory/houses.csv"
"$program" train "$directory/houses.csv" -o "$directory/houses.perceptron" --interval 0.9 --quiet > /dev/null
"$program" train Examples/digits.csv.gz -o "$directory/digits.perceptron" --recipe plain --epochs 5 --quiet > /dev/null
# One of an earlier run would be read before the service replaces it.
rm -f "$directory/address.txt"
"$program" serve "$directory/houses.perceptron" "$directory/digits.perceptron" --port 0 > "$directory/address.txt" 2> "$directory/service.txt" &
service=$!
trap 'kill $service' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10; do
  [ -s "$directory/address.txt" ] && break
  sleep 0.5
done
address=$(sed -n 's|.*\(http://[^/]*\)/.*|\1|p' "$directory/address.txt")
# A page has this time for its script.
time=--virtual-time-budget=4000
draw "$directory/light.png" 1100,950 $time "$address/"
draw "$directory/dark.png" 1100,950 $time $dark "$address/"
draw "$directory/phone.png" 500,1500 $time "$address/"
draw "$directory/digits.png" 1100,950 $time "$address/models/digits"
# The answer for a field in the address is that of the service itself.
value() {
  browse $time --dump-dom "$address/?area=$1" | sed -n 's|.*<div class="value">\([0-9,.]*\)</div>.*|\1|p' | tr -d ,
}
small=$(value 50)
large=$(value 130)
[ -n "$small" ] && [ -n "$large" ] && [ "${large%.*}" -gt $((${small%.*} + 100000)) ] || {
  echo "check-service: the page shows '$small' for an area of 50 and '$large' for one of 130"
  exit 1
}
drawn "$directory" light.png dark.png phone.png digits.png
