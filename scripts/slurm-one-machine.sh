#!/bin/bash
# A Slurm cluster of this one machine, to try hilum's Slurm executor on: munged, slurmctld and slurmd with a configuration,
# key, state and logs of their own, under FOLDER; the system's (/etc/slurm, /etc/munge) stays as it is. As root, on Debian or
# Ubuntu with slurm-wlm.
#   scripts/slurm-one-machine.sh start FOLDER   starts it, waits until the node is idle; then: export SLURM_CONF=FOLDER/slurm.conf
#   scripts/slurm-one-machine.sh stop FOLDER    cancels its jobs and ends what start began, and nothing else
# It has two partitions, "all" and "urgent", whose jobs take the place of those of "all" (these are requeued after 5 s), and two
# GPUs that are none.
# SLURM_CPUS, SLURM_MEMORY (MiB) and SLURM_PORT say what it offers and where it listens (default: the machine; 26817 and up).
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
usage() { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# -eq 2 ] || usage
mkdir -p "$2"
folder=$(realpath "$2")
export SLURM_CONF=$folder/slurm.conf

configure() {
  local host port cpus memory
  host=$(hostname -s)
  port=${SLURM_PORT:-26817}
  cpus=${SLURM_CPUS:-$(nproc)}
  memory=${SLURM_MEMORY:-$(($(awk '/^MemTotal/ {print $2}' /proc/meminfo) / 1024 - 512))}
  mkdir -p "$folder"/{state,spool,log}
  head -c 1024 /dev/urandom >"$folder/munge.key"
  chmod 600 "$folder/munge.key"
  # cred_expire: how long a requeued job is held back (120 s unless said).
  cat >"$SLURM_CONF" <<END
ClusterName=one-machine
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$folder/munge.socket,cred_expire=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,sched_min_interval=100000,defer
ReturnToService=2
KillWait=5
MinJobAge=300
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory Gres=gpu:2
PartitionName=DEFAULT Nodes=$host MaxTime=1-00:00:00 DefaultTime=01:00:00 State=UP
PartitionName=all Default=YES PriorityTier=1 GraceTime=5
PartitionName=urgent PriorityTier=10
END
  # Slurm gives them out and sets CUDA_VISIBLE_DEVICES as with real ones.
  printf 'NodeName=%s Name=gpu File=%s\n' "$host" /dev/null "$host" /dev/zero >"$folder/gres.conf"
}

start() {
  local program
  for program in munged slurmctld slurmd sbatch; do
    command -v "$program" >/dev/null || { echo "slurm-one-machine: $program is missing; apt-get install slurm-wlm munge" >&2; exit 2; }
  done
  [ "$(id -u)" -eq 0 ] || { echo 'slurm-one-machine: slurmd wants root' >&2; exit 2; }
  [ ! -e "$folder/munged.pid" ] || { echo "slurm-one-machine: $folder has one that runs; stop it first" >&2; exit 2; }
  configure
  munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
    --seed-file="$folder/munged.seed" --log-file="$folder/log/munged.log"
  slurmctld -c
  slurmd
  for _ in $(seq 300); do
    if [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ]; then sinfo; return; fi
    sleep 0.2
  done
  echo "slurm-one-machine: the node did not become idle within a minute; see $folder/log" >&2
  stop
  exit 1
}

stop() {
  local name pid
  if [ -e "$folder/slurmctld.pid" ]; then
    scancel --quiet --user=root 2>/dev/null || true
    for _ in $(seq 100); do
      [ -n "$(squeue --noheader 2>/dev/null)" ] || break
      sleep 0.2
    done
  fi
  for name in slurmd slurmctld munged; do
    [ -e "$folder/$name.pid" ] || continue
    pid=$(cat "$folder/$name.pid")
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$name" ]; then
      kill "$pid"
      while [ -e "/proc/$pid" ]; do sleep 0.1; done
    fi
    rm -f "$folder/$name.pid"
  done
}

case $1 in start) start ;; stop) stop ;; *) usage ;; esac
