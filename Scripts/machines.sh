# Machines on one machine, for scripts that source this: network namespaces h1, h2 … on a bridge, which an agent enters
# in place of ssh. The scripts' directory gets files; they need root.

machines=

# add_machines COUNT makes machines h1 to hCOUNT; remove_machines removes what was made.
add_machines() {
  local number name
  ip netns add perceptron-bridge || return
  machines=perceptron-bridge
  ip -n perceptron-bridge link add bridge type bridge && ip -n perceptron-bridge link set bridge up || return
  : >openmpi.hosts
  : >mpich.hosts
  for number in $(seq "$1"); do
    name=perceptron-h$number
    ip netns add "$name" || return
    machines="$machines $name"
    ip link add eth0 netns "$name" type veth peer name "port$number" netns perceptron-bridge || return
    ip -n perceptron-bridge link set "port$number" master bridge up || return
    ip -n "$name" address add "10.77.0.$number/24" dev eth0 && ip -n "$name" link set eth0 up && ip -n "$name" link set lo up || return
    echo "10.77.0.$number slots=1" >>openmpi.hosts
    echo "10.77.0.$number:1" >>mpich.hosts
  done
  cat >agent.sh <<'END'
#!/bin/sh
# [options] ADDRESS COMMAND… runs a command on a machine, as ssh does.
while [ "${1#-}" != "$1" ]; do shift; done
name=h${1##*.}
shift
exec ip netns exec "perceptron-$name" unshare --uts sh -c "hostname $name; $*"
END
  chmod +x agent.sh
}

remove_machines() {
  local name
  for name in $machines; do ip netns delete "$name"; done
  machines=
}

# limit_network RATE lets each machine send at most so much, such as 1gbit, in frames of up to 9000 bytes: with
# 1500, four machines at 500mbit keep a processor busy with carrying them, which a network card would do.
#
# Packets of a connection that several processors carry overtake each other, and TCP takes that for a loss and sends
# more slowly. On the wire of a network card they cannot. So each connection gets one processor of the first 31.
limit_network() {
  local name mask number=0
  mask=$(printf %x $(((1 << ($(nproc) < 31 ? $(nproc) : 31)) - 1)))
  for name in $machines; do
    ip netns exec "$name" sh -c "echo $mask | tee /sys/class/net/*/queues/rx-0/rps_cpus >/dev/null" || return
  done
  for name in ${machines#perceptron-bridge}; do
    number=$((number + 1))
    ip -n perceptron-bridge link set "port$number" mtu 9000 && ip -n "$name" link set eth0 mtu 9000 || return
    tc -n "$name" qdisc replace dev eth0 root tbf rate "$1" burst 66kb latency 50ms || return
  done
}

# launch_apart MPI COUNT COMMAND… runs a command on as many machines, one process each.
launch_apart() {
  local mpi=$1 count=$2
  shift 2
  case $mpi in
  openmpi)
    timeout -k 5 "${LIMIT:-120}" ./agent.sh 10.77.0.1 "cd $PWD; exec mpirun.openmpi -q --hostfile openmpi.hosts --bind-to none" \
      "--mca plm_rsh_agent $PWD/agent.sh --mca oob_tcp_if_include 10.77.0.0/24 --mca btl tcp,self" \
      "--mca btl_tcp_if_include 10.77.0.0/24 -np $count $*"
    ;;
  mpich)
    timeout -k 5 "${LIMIT:-120}" ./agent.sh 10.77.0.1 "cd $PWD; exec mpirun.mpich -launcher ssh -launcher-exec $PWD/agent.sh" \
      "-f mpich.hosts -iface eth0 -np $count $*"
    ;;
  esac
}
