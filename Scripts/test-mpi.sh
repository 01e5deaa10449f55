#!/usr/bin/env bash
# Trains in several processes under each MPI that is here: test-mpi.sh PERCEPTRON
#
# The models must be the same, byte for byte, whatever the number of processes and threads. An error of one process must
# end all with one line and one exit code; so must a signal, and a process that is killed; the training must then go on
# to the same bytes in fewer processes. If network namespaces are allowed, three of them stand for machines.
set -euo pipefail
perceptron=$(realpath "$1")
directory=$(mktemp -d)
. "$(dirname "$(realpath "$0")")/machines.sh"
end() {
  remove_machines
  rm -rf "$directory"
}
trap end EXIT
cd "$directory"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
failures=0

fail() {
  echo "failed: $*"
  failures=$((failures + 1))
}

# launch MPI N COMMAND… runs a command in N processes.
launch() {
  local mpi=$1 count=$2
  shift 2
  case $mpi in
  openmpi) timeout -k 5 120 mpirun.openmpi -q --oversubscribe --bind-to none -np "$count" "$@" ;;
  mpich) timeout -k 5 120 mpirun.mpich -np "$count" "$@" ;;
  esac
}

# resume WHAT LAUNCH… goes on with $long from its checkpoint, to the bytes of a run that nobody disturbed.
resume() {
  local what=$1
  shift
  "$@" "$perceptron" train $long --checkpoint checkpoints --resume -o shared.model >out.txt 2>err.txt \
    || fail "$what: not resumed: $(cat err.txt)"
  cmp long.model shared.model || fail "$what: another model from fewer processes"
  rm -f shared.model
}

# gone WHAT START SECONDS expects that no process is left, so many seconds after START at most.
gone() {
  [ $((SECONDS - $2)) -le "$3" ] || fail "$1: all ended after $((SECONDS - $2)) seconds"
  if pgrep -f "^$perceptron train classes.csv" >/dev/null; then fail "$1: processes are left"; fi
}

mpis=
for mpi in openmpi mpich; do
  if command -v "mpirun.$mpi" >/dev/null; then mpis="$mpis $mpi"; else echo "$mpi: skipped, it is not installed"; fi
done
[ -n "$mpis" ] || exit 1

awk 'BEGIN {
  seed = 1
  print "a,b,c,d,e,f,kind,y" > "classes.csv"
  print "a,b,c,d,e,f,kind,y" > "values.csv"
  for (row = 0; row < 500; ++row) {
    sum = 0
    line = ""
    for (column = 0; column < 6; ++column) {
      seed = (seed * 1103515245 + 12345) % 2147483648
      number = seed / 2147483648
      sum += (column % 2 ? 1 : -1) * number * number
      line = line number ","
    }
    kind = substr("abc", row % 3 + 1, 1)
    print line kind "," (sum > 0 ? "more" : "less") > "classes.csv"
    print line kind "," sum + (kind == "a") > "values.csv"
  }
}'
sed '77s/^[^,]*/0.5/' classes.csv >other.csv

if ldd "$perceptron" | grep -i mpi; then fail "the command is linked with MPI"; fi

# The trainings: a name, and the options.
plain='--recipe plain --epochs 3 --batch-size 64 --hidden 150,120 --no-baseline --quiet --seed 3'
names='adam sgd rprop recipe stopping search'
options() {
  case $1 in
  adam) echo "classes.csv $plain --dropout 0.2 --clip-norm 1 --validation-split 0.2" ;;
  sgd) echo "classes.csv $plain --optimizer sgd --normalization batch --l2 0.001 --max-norm 3" ;;
  rprop) echo "values.csv --optimizer rprop --hidden 150,120 --epochs 5 --no-baseline --quiet" ;;
  recipe) echo "classes.csv --epochs 4 --no-baseline --quiet" ;;
  stopping) echo "classes.csv ${plain/--epochs 3/--epochs 30} --ensemble 4 --early-stopping 2 --validation-split 0.2" ;;
  search) echo "values.csv --auto --trials 3 --ensemble 1 --epochs 3 --no-baseline --quiet" ;;
  esac
}

for name in $names; do
  # shellcheck disable=SC2046
  "$perceptron" train $(options "$name") --shards 8 -o "$name.model" >"$name.out" 2>"$name.err"
  for mpi in $mpis; do
    for count in 1 2 3 4 5 8; do
      for threads in 1 2; do
        # shellcheck disable=SC2046
        if ! launch "$mpi" "$count" "$perceptron" train $(options "$name") --shards 8 --threads $threads -o shared.model >shared.out 2>shared.err; then
          fail "$mpi, $count processes of $threads threads, $name: $(head -3 shared.err)"
        elif ! cmp -s "$name.model" shared.model; then
          fail "$mpi, $count processes of $threads threads, $name: another model"
        # A search prints times.
        elif [ "$name" != search ] && ! diff -q <(grep -v wrote "$name.out") <(grep -v wrote shared.out) >/dev/null; then
          fail "$mpi, $count processes of $threads threads, $name: other output"
        fi
        rm -f shared.model
      done
    done
  done
  echo "$name: $(sha256sum <"$name.model" | cut -c 1-16) with 1 to 8 processes of 1 and 2 threads:$mpis"
done

# As many shards as processes, unless they are given.
"$perceptron" train $(options adam) --shards 3 -o three.model >/dev/null 2>&1
for mpi in $mpis; do
  launch "$mpi" 3 "$perceptron" train $(options adam) -o shared.model >/dev/null 2>&1
  cmp three.model shared.model || fail "$mpi: 3 processes and --shards 3 differ"
done

# Each process holds its share of a table of seven parts. A string comes late in a column of numbers.
awk 'BEGIN {
  seed = 1
  print "a,b,c,d,e,f,when,city,code,y"
  for (row = 0; row < 100000; ++row) {
    sum = 0
    line = ""
    for (column = 0; column < 6; ++column) {
      seed = (seed * 1103515245 + 12345) % 2147483648
      number = int(seed / 2147.483648) / 1000000
      sum += column < 3 ? number : 0
      line = line (column > 2 && seed % 97 == 5 ? "" : number) ","
    }
    line = line sprintf("20%02d-%02d-%02d,city%d,", row % 20 + 1, row % 12 + 1, row % 28 + 1, seed % 90)
    print line (row > 90000 && row % 50 == 0 ? "x" : row % 5) "," (sum > 1.5 ? "more" : "less")
  }
}' >rows.csv
sed '77777s/^[^,]*/0.5/' rows.csv >otherrows.csv
sed '1s/y$/z/' rows.csv >renamed.csv
# The same in three files; in the last, a column of numbers turns out to be text.
tail -n +2 rows.csv | split -l 40000 --filter='{ head -n 1 rows.csv; cat; } >$FILE.csv' - split-
set -f
for options in 'rows.csv --epochs 1 --ensemble 2 --hidden 64' \
  'split-a?.csv --recipe plain --epochs 2 --validation-split 0.2 --encode tree-bins --class-weights balanced --precision double' \
  'rows.csv --target a --sample-weight b --epochs 1 --ensemble 2 --hidden 64 --interval 0.9 --cache cache' \
  'classes.csv --epochs 3 --auto --trials 2 --hidden 64' \
  'classes.csv --epochs 3 --ensemble 2 --hidden 64 --validation other.csv --refit yes'; do
  "$perceptron" train $options --shards 4 --no-baseline --quiet -o rows.model >rows.out 2>rows.err
  for mpi in $mpis; do
    for count in 1 3 4; do
      launch "$mpi" $count "$perceptron" train $options --shards 4 --no-baseline --quiet --threads 1 --shard-data -o shared.model \
        >shared.out 2>shared.err || fail "$mpi, $count processes, shared rows, $options: $(head -3 shared.err)"
      cmp rows.model shared.model || fail "$mpi, $count processes, shared rows, $options: another model"
      # A search prints times.
      case $options in *--auto*) ;; *)
        diff <(grep -v wrote rows.out) <(grep -v wrote shared.out) >/dev/null || fail "$mpi, $count processes, shared rows, $options: other output" ;;
      esac
      rm -f shared.model
    done
  done
done
set +f
echo "shared rows: $(sha256sum <rows.model | cut -c 1-16) with 1, 3 and 4 processes:$mpis"

# expect MPI N CODE TEXT COMMAND… expects one line of error, with the text, and the exit code within 5 seconds, which are
# counted in whole seconds.
expect() {
  local mpi=$1 count=$2 code=$3 text=$4 start=$SECONDS status=0
  shift 4
  launch "$mpi" "$count" "$@" >out.txt 2>err.txt || status=$?
  [ $status = "$code" ] || fail "$mpi, $*: exit code $status, expected $code"
  [ "$(grep -c 'error:' err.txt)" = 1 ] || fail "$mpi, $*: $(grep -c 'error:' err.txt) lines of error: $(cat err.txt)"
  grep -q -- "$text" err.txt || fail "$mpi, $*: expected $text, found $(cat err.txt)"
  [ $((SECONDS - start)) -le 6 ] || fail "$mpi, $*: took $((SECONDS - start)) seconds"
}

# Process 2 of 3 gets something else than the others.
cat >differing.sh <<'END'
case ${OMPI_COMM_WORLD_RANK:-$PMI_RANK} in 1) one=$OTHER ;; *) one=$USUAL ;; esac
exec "$@" $one
END
# Process 2 of 3 computes with other instructions.
cat >instructions.sh <<'END'
case ${OMPI_COMM_WORLD_RANK:-$PMI_RANK} in 1) export PERCEPTRON_INSTRUCTIONS=baseline ;; esac
exec "$@"
END
differing() { OTHER=$1 USUAL=$2 expect "$mpi" 3 "$3" "$4" sh differing.sh "$perceptron" train --no-baseline --quiet; }
for mpi in $mpis; do
  differing other.csv classes.csv 65 'has other data than'
  differing values.csv classes.csv 65 'has other data than'
  differing rows.csv classes.csv 65 'has other data than'
  differing missing.csv classes.csv 66 'process 2 of 3.*missing.csv'
  differing 'classes.csv --seed 2' 'classes.csv --seed 1' 64 '2 for --seed'
  differing 'classes.csv --epochs 7' classes.csv 64 '7 for --epochs'
  differing 'classes.csv --precision double' classes.csv 64 'double for --precision'
  differing '--shard-data otherrows.csv' '--shard-data rows.csv' 65 'has other data than'
  differing '--shard-data missing.csv' '--shard-data rows.csv' 66 'process 2 of 3.*missing.csv'
  differing 'rows.csv --shard-data' rows.csv 64 'process 2 of 3) has --shard-data, and .*process 1 of 3) has not'
  differing 'rows.csv --shard-data --validation rows.csv' 'rows.csv --shard-data' 64 'for --validation'
  differing 'rows.csv --shard-data --task regression' 'rows.csv --shard-data' 64 'for --task'
  differing '--shard-data --target y renamed.csv' '--shard-data --target y rows.csv' 65 'has other data than'
  expect "$mpi" 3 64 'process 2 of 3.*baseline' sh instructions.sh "$perceptron" train classes.csv $plain
  expect "$mpi" 3 64 'exclude each other' "$perceptron" train rows.csv --shard-data --folds 3
  expect "$mpi" 3 66 'missing.csv' "$perceptron" train missing.csv
  expect "$mpi" 3 64 'unknown option' "$perceptron" train classes.csv --no-such-option
  expect "$mpi" 3 64 'only train' "$perceptron" predict adam.model classes.csv
  expect "$mpi" 3 64 '3 processes share each step' "$perceptron" train classes.csv $plain --shards 2
  expect "$mpi" 3 64 'standard input' "$perceptron" train - </dev/null
  differing 'values.csv --auto --trials 4' 'values.csv --auto --trials 3' 64 '4 for --trials'
  expect "$mpi" 3 74 'no/such' "$perceptron" train classes.csv -o no/such/model --quiet
  # Steps that are shared, and networks that each process trains by itself.
  for networks in 1 5; do
    expect "$mpi" 3 65 'not finite\|diverge\|infinite' \
      "$perceptron" train values.csv $plain --optimizer sgd --learning-rate 1e30 --ensemble $networks
  done
  expect "$mpi" 3 64 'as many --shards' "$perceptron" benchmark --shards 2
  launch "$mpi" 2 "$perceptron" benchmark --quick --threads 1 >out.txt 2>&1 && grep -q 'mnist512 *1024' out.txt \
    || fail "$mpi, benchmark: $(cat out.txt)"
  PERCEPTRON_MPI_LIBRARY=libnone.so.1 expect "$mpi" 3 69 '3 identical trainings' "$perceptron" train classes.csv
done
if [ "$mpis" = ' openmpi mpich' ]; then
  PERCEPTRON_MPI_LIBRARY=libmpich.so.12 expect openmpi 3 69 'another launcher' "$perceptron" train classes.csv
fi

# A training that is stopped by a signal or killed goes on in fewer processes to the same bytes: steps that are shared,
# and networks of which one process has two and the others one.
for networks in 1 5; do
  long="classes.csv ${plain/--epochs 3/--epochs 400} --shards 8 --dropout 0.2 --normalization batch --ensemble $networks"
  "$perceptron" train $long -o long.model >/dev/null 2>&1
  for mpi in $mpis; do
    for how in USR1 KILL; do
      rm -rf checkpoints
      launch "$mpi" 4 "$perceptron" train $long --checkpoint checkpoints -o shared.model >out.txt 2>err.txt &
      job=$!
      until [ -s checkpoints/checkpoint.safetensors ]; do sleep 0.05; done
      [ $networks = 1 ] || until [ -s checkpoints/checkpoint-5.safetensors ]; do sleep 0.05; done
      workers=$(pgrep -f "^$perceptron train classes.csv" | sort -n)
      start=$SECONDS
      # A signal reaches one process of those that share steps; a launcher passes it on to all.
      if [ $how = USR1 ] && [ $networks = 5 ]; then kill -USR1 $workers; else kill -$how "$(echo "$workers" | sed -n 2p)"; fi
      status=0
      wait $job || status=$?
      case $how in
      USR1) [ $status = 138 ] || fail "$mpi: exit code $status after SIGUSR1: $(cat err.txt)" ;;
      KILL) [ $status != 0 ] || fail "$mpi: exit code 0 after a process was killed" ;;
      esac
      gone "$mpi, SIG$how" $start 6
      resume "$mpi, SIG$how, $networks networks" launch "$mpi" 3
    done
  done
done

# With shared rows, a training goes on in fewer processes, and in one.
long="rows.csv --recipe plain --hidden 64 --epochs 40 --shards 4 --shard-data --no-baseline --quiet --threads 1"
"$perceptron" train $long -o long.model >/dev/null 2>&1
for mpi in $mpis; do
  rm -rf checkpoints
  launch "$mpi" 4 "$perceptron" train $long --checkpoint checkpoints -o shared.model >out.txt 2>err.txt &
  job=$!
  until [ -s checkpoints/checkpoint.safetensors ]; do sleep 0.05; done
  kill -USR1 "$(pgrep -f "^$perceptron train rows.csv" | head -1)"
  status=0
  wait $job || status=$?
  [ $status = 138 ] || fail "$mpi, shared rows: exit code $status after SIGUSR1: $(cat err.txt)"
  cp -r checkpoints copies
  resume "$mpi, shared rows" launch "$mpi" 2
  rm -rf checkpoints && mv copies checkpoints
  resume "$mpi, shared rows, one process" env
done

# A process of four is killed at a random moment, again and again.
long="classes.csv ${plain/--epochs 3/--epochs 150} --shards 8 --dropout 0.2 --threads 1"
start=$(date +%s%N)
"$perceptron" train $long -o long.model >/dev/null 2>&1
milliseconds=$((($(date +%s%N) - start) / 1000000))
for mpi in $mpis; do
  killed=0
  for ((try = 0; killed < 10 && try < 100; ++try)); do
    rm -rf checkpoints shared.model
    launch "$mpi" 4 "$perceptron" train $long --checkpoint checkpoints -o shared.model >out.txt 2>err.txt &
    job=$!
    wait=$((RANDOM % (3 * milliseconds + 300)))
    sleep $((wait / 1000)).$(printf %03d $((wait % 1000)))
    victim=$(pgrep -f "^$perceptron train classes.csv" | shuf -n 1) && kill -KILL "$victim" 2>/dev/null || victim=
    start=$SECONDS
    status=0
    wait $job || status=$?
    [ -n "$victim" ] || continue  # it was too early or too late
    if [ $status = 0 ]; then
      [ -s shared.model ] || fail "$mpi, killed after $wait ms: exit code 0 without a model"
      continue  # the process had done its work
    fi
    killed=$((killed + 1))
    gone "$mpi, killed after $wait ms" $start 5
    resume "$mpi, killed after $wait ms" launch "$mpi" 3
  done
  [ $killed = 10 ] || fail "$mpi: only $killed of $try processes were killed in time"
  echo "$mpi: 10 of 10 killed at random moments, and resumed"
done

# Three machines, h1 to h3.
if command -v ip >/dev/null && add_machines 3 2>machines.err; then
  for mpi in $mpis; do
    for name in adam recipe; do
      # shellcheck disable=SC2046
      launch_apart "$mpi" 3 "$perceptron" train $(options $name) --shards 8 -o shared.model >shared.out 2>shared.err \
        || fail "$mpi, 3 machines, $name: $(head -3 shared.err)"
      cmp "$name.model" shared.model || fail "$mpi, 3 machines, $name: another model"
      rm -f shared.model
    done
    # shellcheck disable=SC2046
    launch_apart "$mpi" 3 "$perceptron" train $(options adam | sed 's/--quiet//') --report machines.html >shared.out 2>shared.err || true
    for number in 1 2 3; do
      grep -q "^h$number: 1 process, " shared.err && grep -q "machine h$number" machines.html || fail "$mpi: h$number is not named"
    done
    status=0
    OTHER=other.csv USUAL=classes.csv launch_apart "$mpi" 3 sh differing.sh "$perceptron" train --quiet >out.txt 2>err.txt || status=$?
    [ $status = 65 ] && grep -q 'error: h2 (process 2 of 3) has other data than h1 (process 1 of 3)' err.txt \
      || fail "$mpi, 3 machines, other data on one: exit code $status: $(cat err.txt)"
    rm -rf checkpoints
    launch_apart "$mpi" 3 "$perceptron" train $long --checkpoint checkpoints -o shared.model >out.txt 2>err.txt &
    job=$!
    until [ -s checkpoints/checkpoint.safetensors ]; do sleep 0.05; done
    start=$SECONDS
    kill -KILL "$(ip netns pids perceptron-h2 | while read -r pid; do [ "$(readlink /proc/$pid/exe)" != "$perceptron" ] || echo $pid; done | head -1)"
    status=0
    wait $job || status=$?
    [ $status != 0 ] || fail "$mpi: exit code 0 after a machine's process was killed"
    gone "$mpi, a machine's process killed" $start 6
    resume "$mpi, 2 machines" launch_apart "$mpi" 2
    echo "$mpi: the same models from 3 machines, and from 2 after a process was killed"
  done
else
  echo "three machines: skipped, network namespaces are not allowed here: $(cat machines.err 2>/dev/null)"
fi

if [ $failures = 0 ]; then echo "processes: all passed"; else
  echo "processes: $failures failures"
  exit 1
fi
