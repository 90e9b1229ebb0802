#!/usr/bin/env bash
# Runs a PostgreSQL primary with a synchronous standby under Patroni, on loopback, for soak runs with failovers.
#
#   bench/cluster.sh install                         installs the Debian packages that are missing (as root)
#   bench/cluster.sh start DIR [BASE_PORT] [strict]  starts the pair, on data that DIR has from earlier if it has
#   bench/cluster.sh status DIR                      one line of JSON: ports of primary and standby, sync state
#   bench/cluster.sh url DIR                         the JDBC URL, without user and password
#   bench/cluster.sh kill-primary DIR                kills the primary and its Patroni with SIGKILL; they stay down
#   bench/cluster.sh rejoin DIR                      starts nodes that are down and waits for a synchronous standby
#   bench/cluster.sh restart DIR NODE                restarts the PostgreSQL of node1 or node2 through Patroni
#   bench/cluster.sh versions                        of PostgreSQL and Patroni, and the checkout's commit if it has one
#   bench/cluster.sh stop DIR                        stops everything; may run at any time, any number of times
#
# All files are in DIR, which belongs to one unprivileged user: whoever calls, or for root the user postgres
# (nobody, where there is none). The database and its user are both called portvakt; the password is in
# DIR/portvakt.password, and DIR/portvakt.pgpass is for psql. Ports from BASE_PORT (25430): two of PostgreSQL,
# two of Patroni's REST, two of etcd. There are no unix sockets, and nothing listens beyond 127.0.0.1. The REST
# calls that change something need a password and etcd a client certificate, because whoever can write a
# setting of PostgreSQL there can run programs as its user.
# Exit codes: 1 it did not work, 2 wrong use or a part is missing.
#
# Synchronous mode, strict or not. Soak runs use the form that is not strict, the default:
# - A commit returns when both nodes have it on disk, as long as there are two. Patroni promotes only a node
#   that it noted as synchronous before the primary began to rely on it, so no failover loses a commit.
# - With the primary killed, the standby is promoted and serves alone. With strict, every commit on it would
#   wait until the other node is back: the run would measure how long `rejoin` takes, not how long the failover.
# - The price: what is committed while one node serves alone is on one disk until the other has caught up. If
#   that node dies too, the other one is not promoted on its old data; the pair is down until it is back.
#   So a lost disk can lose commits then, and a lost process cannot. A soak run kills processes.
# In production use strict, and two standbys, so that one may be missing without commits waiting.
# In neither form may a query be cancelled while its commit waits: see docs/postgresql.md.
set -euo pipefail
umask 077

say() { echo "cluster.sh: $*" >&2; }
die() { local code=$1; shift; say "$*"; exit "$code"; }
usage() { sed -n 's|^#   bench/|bench/|p' "$self" >&2; exit 2; }
self=$(readlink -f "${BASH_SOURCE[0]}") called_from=$PWD
cd / # the owner of the folder may not be let into the caller's

# ---- What must be there -----------------------------------------------------------------------------
packages=(postgresql patroni etcd-server python3-etcd curl openssl)
pg_bin=''
for candidate in /usr/lib/postgresql/*/bin; do # the newest; an order by version, so that 9.6 is before 15
  [ -x "$candidate/initdb" ] || continue
  major=${candidate%/bin}; major=${major##*/}
  case $major in *[!0-9]*) continue ;; esac
  if [ "$major" -ge 14 ] && { [ -z "$pg_bin" ] || [ "$major" -gt "$pg_major" ]; }; then pg_bin=$candidate pg_major=$major; fi
done

missing() {
  [ -n "$pg_bin" ] || echo postgresql
  [ -x /usr/bin/patroni ] || echo patroni
  type -P etcd >/dev/null || echo etcd-server
  /usr/bin/python3 -c 'import etcd' 2>/dev/null || echo python3-etcd
  type -P curl >/dev/null || echo curl
  type -P openssl >/dev/null || echo openssl
}
need_parts() {
  local lacking
  lacking=$(missing | tr '\n' ' ')
  [ -z "$lacking" ] || die 2 "these packages are missing: ${lacking% }; run \`bench/cluster.sh install\` as root."
}

# Debian starts what it installs, and makes a PostgreSQL cluster of its own. Neither is wanted here, so starts
# are refused for the time of the installation, and what is there already is not upgraded.
install_parts() {
  local lacking policy=/usr/sbin/policy-rc.d
  lacking=$(missing | tr '\n' ' ')
  [ -n "$lacking" ] || { say "nothing is missing."; return; }
  [ "$(id -u)" = 0 ] || die 2 "run as root: apt-get install --no-install-recommends ${packages[*]}"
  if [ ! -e "$policy" ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  apt-get update
  # shellcheck disable=SC2086 # package names, one a word
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends --no-upgrade $lacking
  say "installed: $lacking- no service was started. With systemd, \`systemctl disable etcd patroni\` keeps" \
    "those from starting at boot; this script needs neither."
}

# ---- The folder -------------------------------------------------------------------------------------
# Sets run_as: what runs a program as the owner of the folder, without the caller's environment.
become_owner() {
  run_as=(env -i PATH=/usr/local/bin:/usr/bin:/bin LC_ALL=C.UTF-8 HOME="$dir")
  if [ "$(id -u)" = 0 ]; then
    run_as=(setpriv --reuid="$owner" --regid="$(id -g "$owner")" --clear-groups "${run_as[@]}")
  fi
}
as_user() { "${run_as[@]}" "$@"; }
# shellcheck disable=SC2016 # expanded by the inner shell
put() { as_user sh -c 'umask 077; cat >"$1"' sh "$dir/$1"; } # standard input becomes a file
get() { as_user cat "$dir/$1"; }
random() { openssl rand -hex 24; }

absolute() { case $1 in /*) readlink -m -- "$1" ;; *) readlink -m -- "$called_from/$1" ;; esac; }
# Sets dir, owner and the ports of a folder that `start` has made.
open_folder() {
  [ -n "${1:-}" ] || usage
  dir=$(absolute "$1")
  [ -f "$dir/cluster.conf" ] || die 2 "$dir was not made by \`cluster.sh start\`."
  owner=$(stat -c %U "$dir")
  [ "$(id -u)" = 0 ] || [ "$owner" = "$(id -un)" ] || die 2 "$dir belongs to $owner; run this as $owner or as root."
  become_owner
  base=$(sed -n 's/^base_port=\([0-9]*\)$/\1/p' "$dir/cluster.conf")
  [ -n "$base" ] || die 2 "$dir/cluster.conf names no base port."
}
lock() { # one command that changes something at a time
  exec 9<"$dir/cluster.conf"
  flock -w 120 9 || die 1 "another cluster.sh has been working in $dir for 120 s."
}
nodes=(node1 node2)
pg_port() { echo $((base + ${1#node} - 1)); }
rest_port() { echo $((base + ${1#node} + 1)); }
other() { if [ "$1" = node1 ]; then echo node2; else echo node1; fi; }

make_folder() {
  local one
  [ "$(id -u)" != 0 ] || owner=$(id -un postgres 2>/dev/null || echo nobody)
  become_owner
  case $dir in *[!A-Za-z0-9/._+-]*) die 2 "the folder's path may only have letters, digits and / . _ + -" ;; esac
  [ -z "$(ls -A "$dir" 2>/dev/null)" ] || die 2 "$dir is not empty, and was not made by \`cluster.sh start\`."
  mkdir -p "$dir" || die 2 "cannot make $dir."
  if [ "$(id -u)" = 0 ]; then chown "$owner:" "$dir"; fi
  chmod 700 "$dir"
  as_user test -w "$dir" || { rmdir "$dir"; die 2 "$owner cannot write to $dir; each folder above must let $owner through."; }
  for one in admin replicator portvakt rest; do random | put "$one.password"; done
  echo "127.0.0.1:*:*:postgres:$(get admin.password)" | put admin.pgpass
  echo "127.0.0.1:*:portvakt:portvakt:$(get portvakt.password)" | put portvakt.pgpass
  # One certificate is server, client and root of trust at once; its key never leaves the folder.
  as_user openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 3650 -subj /O=portvakt \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$dir/etcd.key" -out "$dir/etcd.crt" 2>/dev/null
  for one in "${nodes[@]}"; do
    as_user mkdir "$dir/$one"
    node_settings "$one" | put "$one/patroni.yml"
  done
  echo "base_port=$base" | put cluster.conf # last: its presence says that the folder is whole
}

# Without the leader key renewed for ttl seconds, the standby takes over; Patroni wants ttl to be at least
# loop_wait + 2 * retry_timeout. `ttl` bounds the failover; a shorter one makes a pause of the machine a failover.
node_settings() {
  cat <<END
scope: portvakt
name: $1
restapi:
  listen: 127.0.0.1:$(rest_port "$1")
  connect_address: 127.0.0.1:$(rest_port "$1")
  authentication: {username: patroni, password: $(get rest.password)}
etcd3:
  hosts: 127.0.0.1:$((base + 4))
  protocol: https
  cacert: $dir/etcd.crt
  cert: $dir/etcd.crt
  key: $dir/etcd.key
watchdog: {mode: 'off'}
bootstrap:
  dcs:
    ttl: 10
    loop_wait: 2
    retry_timeout: 3
    maximum_lag_on_failover: 1048576
    synchronous_mode: true
    synchronous_mode_strict: $strict
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters:
        fsync: 'on'
        full_page_writes: 'on'
        synchronous_commit: 'on'
        wal_level: replica
        wal_log_hints: 'on'
        hot_standby: 'on'
        shared_buffers: 64MB
        max_wal_size: 512MB
        wal_keep_size: 256MB
        max_connections: 100
        wal_sender_timeout: 5s
        wal_receiver_timeout: 5s
        log_line_prefix: '%m [%p] %q%u@%d '
        # 24 files a node, each written anew a day later
        logging_collector: 'on'
        log_directory: ../log
        log_filename: postgresql-%H.log
        log_rotation_age: 60
        log_rotation_size: 0
        log_truncate_on_rotation: 'on'
  initdb:
    - encoding: UTF8
    - locale: C.UTF-8
    - auth: scram-sha-256
    - data-checksums
postgresql:
  listen: 127.0.0.1:$(pg_port "$1")
  connect_address: 127.0.0.1:$(pg_port "$1")
  data_dir: $dir/$1/data
  bin_dir: $pg_bin
  pgpass: $dir/$1/pgpass
  authentication:
    superuser: {username: postgres, password: $(get admin.password)}
    replication: {username: replicator, password: $(get replicator.password)}
  parameters:
    unix_socket_directories: ''
    password_encryption: scram-sha-256
  pg_hba:
    - host replication replicator 127.0.0.1/32 scram-sha-256
    - host all all 127.0.0.1/32 scram-sha-256
  remove_data_directory_on_rewind_failure: true
  remove_data_directory_on_diverged_timelines: true
END
}

# ---- Processes --------------------------------------------------------------------------------------
# The process whose number is in file $1, if it is alive and $2 is an argument of it: numbers are reused.
alive() {
  local pid
  pid=$(cat "$dir/$1" 2>/dev/null) && [ -n "$pid" ] || return 1
  { tr '\0' '\n' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qxF -- "$2" || return 1
  echo "$pid"
}
etcd_pid() { alive etcd.pid "--data-dir=$dir/etcd"; }
patroni_pid() { alive "$1/patroni.pid" "$dir/$1/patroni.yml"; }
# The processes that run in folder $1 and have one of the other arguments as their name.
pids_in() {
  local folder=$1 cwd comm
  shift
  for cwd in /proc/[0-9]*/cwd; do
    [ "$(readlink "$cwd" 2>/dev/null)" = "$folder" ] || continue
    comm=$(cat "${cwd%/cwd}/comm" 2>/dev/null) || continue
    case " $* " in *" $comm "*) cwd=${cwd%/cwd}; echo "${cwd#/proc/}" ;; esac
  done
}
# All processes of a node's PostgreSQL, which run in its data folder.
postgres_pids() { pids_in "$dir/$1/data" postgres postmaster; }
all_pids() {
  postgres_pids node1
  postgres_pids node2
  pids_in "$dir" etcd patroni initdb pg_ctl pg_rewind pg_basebackup
}
nothing_runs() { [ -z "$(all_pids)" ]; }

launch() { # $1: where its process number goes; $2: its log; then the program
  local pid_file=$dir/$1 log_file=$dir/$2
  shift 2
  # shellcheck disable=SC2016 # expanded by the inner shell
  "${run_as[@]}" setsid sh -c 'umask 077; cd "$1"; echo $$ >"$2"; log=$3; shift 3; exec "$@" >>"$log" 2>&1' \
    sh "$dir" "$pid_file" "$log_file" "$@" </dev/null >/dev/null 2>&1 9>&- &
}

tail_of() { [ ! -f "$dir/$1" ] || { say "the end of $dir/$1:"; tail -n 15 "$dir/$1" >&2; }; }
# wait_for SECONDS WHAT LOG COMMAND...: until the command succeeds; after that time the end of the log, and exit.
wait_for() {
  local until=$((SECONDS + $1)) seconds=$1 what=$2 log=$3
  shift 3
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$until" ]; then
      tail_of "$log"
      die 1 "waited $seconds s in vain: $what."
    fi
    sleep 0.2
  done
}

start_etcd() {
  ! etcd_pid >/dev/null || return 0
  launch etcd.pid etcd.log etcd --name=portvakt --data-dir="$dir/etcd" --log-outputs=stderr --logger=zap \
    --log-level=warn --listen-client-urls="https://127.0.0.1:$((base + 4))" --enable-v2=false \
    --advertise-client-urls="https://127.0.0.1:$((base + 4))" --listen-peer-urls="https://127.0.0.1:$((base + 5))" \
    --initial-advertise-peer-urls="https://127.0.0.1:$((base + 5))" \
    --initial-cluster="portvakt=https://127.0.0.1:$((base + 5))" --auto-compaction-retention=1 \
    --client-cert-auth --cert-file="$dir/etcd.crt" --key-file="$dir/etcd.key" --trusted-ca-file="$dir/etcd.crt" \
    --peer-client-cert-auth --peer-cert-file="$dir/etcd.crt" --peer-key-file="$dir/etcd.key" \
    --peer-trusted-ca-file="$dir/etcd.crt"
  wait_for 30 "etcd does not answer" etcd.log as_user curl -fsS -m 2 --cacert "$dir/etcd.crt" --cert "$dir/etcd.crt" \
    --key "$dir/etcd.key" "https://127.0.0.1:$((base + 4))/health"
}
start_node() {
  patroni_pid "$1" >/dev/null || launch "$1/patroni.pid" "$1/patroni.log" /usr/bin/patroni "$dir/$1/patroni.yml"
}

# ---- What the nodes say -----------------------------------------------------------------------------
query() { # NODE SQL [DATABASE], as the superuser
  as_user PGPASSFILE="$dir/admin.pgpass" PGCONNECT_TIMEOUT=2 timeout 5 "$pg_bin/psql" -XAtqw -v ON_ERROR_STOP=1 \
    -h 127.0.0.1 -p "$(pg_port "$1")" -U postgres -d "${3:-postgres}" -c "$2" 2>/dev/null
}
is_primary() { [ "$(query "$1" 'select not pg_is_in_recovery()')" = t ]; }
primary() { local n; for n in "${nodes[@]}"; do ! is_primary "$n" || { echo "$n"; return; }; done; return 1; }
# sync: PostgreSQL waits for it and Patroni would promote it; async: it streams, but is not that; none.
sync_state() { # PRIMARY STANDBY
  local state
  state=$(query "$1" "select sync_state from pg_stat_replication where application_name = '$2' and state = 'streaming'") || true
  if [ -z "$state" ]; then echo none
  elif [ "$state" = sync ] && curl -fsS -m 2 "http://127.0.0.1:$(rest_port "$2")/sync" >/dev/null 2>&1; then echo sync
  else echo async; fi
}
in_sync() { local first; first=$(primary) && [ "$(sync_state "$first" "$(other "$first")")" = sync ]; }

status() {
  local first second=null first_port=null second_port=null state=none
  if first=$(primary); then
    first_port=$(pg_port "$first"); second=$(other "$first")
    if [ "$(query "$second" 'select pg_is_in_recovery()')" = t ]; then
      second_port=$(pg_port "$second"); state=$(sync_state "$first" "$second"); second=\"$second\"
    else second=null; fi
    first=\"$first\"
  else first=null; fi
  printf '{"primary":%s,"primary_port":%s,"standby":%s,"standby_port":%s,"sync_state":"%s"}\n' \
    "$first" "$first_port" "$second" "$second_port" "$state"
}

# ---- Commands ---------------------------------------------------------------------------------------
start() {
  case $# in 1 | 2 | 3) ;; *) usage ;; esac
  need_parts
  dir=$(absolute "$1") base=${2:-25430} strict=false owner=$(id -un)
  case ${3:-} in '') ;; strict) strict=true ;; *) usage ;; esac
  case $base in '' | *[!0-9]* | ??????*) die 2 "the base port must be a number." ;; esac
  if [ "$base" -lt 1024 ] || [ "$base" -gt 65530 ]; then die 2 "the base port must be from 1024 to 65530."; fi
  if [ -f "$dir/cluster.conf" ]; then
    open_folder "$dir"
    [ -z "${2:-}" ] || [ "$2" = "$base" ] || die 2 "$dir has the base port $base."
    [ -z "${3:-}" ] || grep -qx '    synchronous_mode_strict: true' "$dir/node1/patroni.yml" ||
      die 2 "$dir was made without strict."
  else
    make_folder
  fi
  lock
  if nothing_runs; then
    local port
    for ((port = base; port < base + 6; port++)); do
      ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || die 1 "port $port is taken; name another base port."
    done
    trap 'say "stopping what was started; the logs stay."; trap - EXIT; stop' EXIT
  fi
  start_etcd
  if [ ! -s "$dir/node1/data/PG_VERSION" ]; then # the first start: node1 makes the database, node2 copies it
    start_node node1
    wait_for 90 "node1 is no primary" node1/patroni.log is_primary node1
  fi
  for node in "${nodes[@]}"; do start_node "$node"; done
  wait_for 120 "there is no synchronous standby" node2/patroni.log in_sync
  make_database
  trap - EXIT
  status
}

make_database() {
  local first
  first=$(primary)
  [ "$(query "$first" "select 1 from pg_database where datname = 'portvakt'")" != 1 ] || return 0
  as_user PGPASSFILE="$dir/admin.pgpass" PGCONNECT_TIMEOUT=2 timeout 60 "$pg_bin/psql" -XAtqw -v ON_ERROR_STOP=1 \
    -h 127.0.0.1 -p "$(pg_port "$first")" -U postgres -d postgres <<END || die 1 "the database could not be made."
set log_min_error_statement = panic; -- a failed statement would stand in the log with its password
set client_min_messages = warning;
drop role if exists portvakt;
create role portvakt login password '$(get portvakt.password)';
create database portvakt owner portvakt encoding 'UTF8' template template0;
END
}

# The driver asks each host whether it is the primary; a commit whose answer takes 10 s counts as failed.
url() {
  local hosts
  hosts=127.0.0.1:$(pg_port node1),127.0.0.1:$(pg_port node2)
  echo "jdbc:postgresql://$hosts/portvakt?targetServerType=primary&connectTimeout=2&loginTimeout=5&socketTimeout=10&tcpKeepAlive=true"
}

kill_primary() {
  local first pid pids=()
  lock
  first=$(primary) || { tail_of node1/patroni.log; tail_of node2/patroni.log; die 1 "there is no primary."; }
  [ "$(sync_state "$first" "$(other "$first")")" = sync ] || die 1 "there is no synchronous standby that could be promoted."
  # Stopped first, the postmaster makes no more children, so that the one kill reaches them all.
  pid=$(head -n 1 "$dir/$first/data/postmaster.pid")
  case " $(postgres_pids "$first" | tr '\n' ' ')" in *" $pid "*) kill -STOP "$pid" ;; esac
  mapfile -t pids < <(patroni_pid "$first"; postgres_pids "$first")
  kill -9 "${pids[@]}" 2>/dev/null || true
  printf '{"killed":"%s","port":%s,"processes":%s,"at":"%s"}\n' "$first" "$(pg_port "$first")" "${#pids[@]}" \
    "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)"
  wait_for 10 "processes of $first are still there" "$first/patroni.log" node_is_down "$first"
}
node_is_down() { ! patroni_pid "$1" && [ -z "$(postgres_pids "$1")" ]; }

rejoin() {
  local node down=()
  lock
  etcd_pid >/dev/null || die 1 "the cluster is not running; use start."
  for node in "${nodes[@]}"; do patroni_pid "$node" >/dev/null || down+=("$node"); done
  for node in "${down[@]}"; do start_node "$node"; done
  wait_for 120 "there is no synchronous standby" "${down[0]:-node2}/patroni.log" in_sync
  status
}

restart() {
  case ${1:-} in node1 | node2) ;; *) usage ;; esac
  lock
  as_user timeout 90 /usr/bin/patronictl -c "$dir/$1/patroni.yml" restart portvakt "$1" --force >&2 ||
    { tail_of "$1/patroni.log"; die 1 "Patroni did not restart $1."; }
  wait_for 60 "there is no synchronous standby" "$1/patroni.log" in_sync
  status
}

versions() {
  need_parts
  "$pg_bin/postgres" --version
  /usr/bin/patroni --version
  git -C "${self%/*}" log -1 --format='commit %H' 2>/dev/null || echo 'commit unknown'
  [ -z "$(git -C "${self%/*}" status --porcelain 2>/dev/null)" ] || echo 'with changes that are not committed'
}

# The standby first: it must not take over from a primary that is told to stop a moment before it.
stop() {
  local first node pid i pids=()
  lock
  first=$(primary) || first=node1
  for node in "$(other "$first")" "$first"; do
    ! pid=$(patroni_pid "$node") || kill "$pid" 2>/dev/null || true
    for ((i = 0; i < 150; i++)); do ! patroni_pid "$node" >/dev/null || { sleep 0.2; continue; }; break; done
  done
  ! pid=$(etcd_pid) || kill "$pid" 2>/dev/null || true
  for ((i = 0; i < 50; i++)); do ! etcd_pid >/dev/null || { sleep 0.2; continue; }; break; done
  mapfile -t pids < <(all_pids)
  if [ "${#pids[@]}" -gt 0 ]; then
    say "killing what did not stop by itself: ${pids[*]}"
    kill -9 "${pids[@]}" 2>/dev/null || true
    wait_for 10 "processes are still there" etcd.log nothing_runs
  fi
}

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
  install) install_parts ;;
  start) start "$@" ;;
  versions) versions ;;
  status | url | kill-primary | rejoin | restart)
    need_parts
    open_folder "${1:-}"
    shift
    "${command//-/_}" "$@" ;;
  stop)
    [ -n "${1:-}" ] || usage
    [ -e "$(absolute "$1")/cluster.conf" ] || exit 0 # never started
    open_folder "$1"
    stop ;;
  *) usage ;;
esac
