# Draws pages in Chromium; the scripts that check pages read this. Ends them if Chromium is not installed.
check=$(basename "$0" .sh)
browser=$(command -v chromium || command -v chromium-browser || true)
[ -n "$browser" ] || { echo "$check: chromium is not installed; nothing was checked"; exit 0; }

# browse OPTION… ADDRESS
browse() { "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars "$@" 2> /dev/null; }

# draw FILE WIDTH,HEIGHT OPTION… ADDRESS
draw() {
  file=$1 size=$2
  shift 2
  browse --window-size="$size" --screenshot="$file" "$@" > /dev/null
}

dark=--blink-settings=preferredColorScheme=0

# drawn DIRECTORY FILE…: says where to look; fails if a file was not drawn.
drawn() {
  directory=$1
  shift
  for file in "$@"; do
    [ -s "$directory/$file" ] || { echo "$check: $file was not drawn"; exit 1; }
  done
  echo "$check: look at $* in $directory"
}
