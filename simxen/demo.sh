#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ./demo --sim: our daemons on a simulated Xen host, at native speed. Outside it starts the host, inside it plays.
#
# usage: simxen/demo.sh [N]      N domains (1000)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${BUILD:-$here/../build/gcc}
build=$(cd "$build" && pwd)
N=${1:-1000}
case $N in "" | *[!0-9]*) echo "usage: ./demo --sim [N]" >&2; exit 2 ;; esac

if [ -z "${SIMXEN_DIR:-}" ]; then
	# 4 MiB a guest, and what Xen adds; it costs memory only where guests write to it.
	exec "$build/simxen/simxen" run --memory=$((2048 + N * 5)) -- "$0" "$N"
fi

say() { printf '%s\n' "$*"; }
until_ok() { for ((i = 0; i < 200; i++)); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done; return 1; }
ctl() { "$build/simxen/simxen" ctl status | awk -v what="$1" '$1 == what { print $2 }'; }
rss() { awk '/^VmRSS/ { printf "%.1f MB", $2 / 1024 }' /proc/"$1"/status; }
cpu() { awk '{ printf "%.2f s", ($14 + $15) / 100 }' /proc/"$1"/stat; }
logs=$SIMXEN_DIR/log
mkdir -p "$logs"

"$build/xenstored/xenstored" --no-fork --pid-file=/run/xenstored.pid 2>"$logs/xenstored" &
store=$!
until_ok test -S /run/xenstored/socket || { cat "$logs/xenstored" >&2; exit 1; }

# A console takes a pseudo-terminal; the kernel has only so many of them.
free_ptys=$(($(cat /proc/sys/kernel/pty/max) - $(cat /proc/sys/kernel/pty/reserve) - $(cat /proc/sys/kernel/pty/nr)))
wait=ready console=
if [ "$N" -le "$free_ptys" ]; then
	"$build/xenconsoled/xenconsoled" --interactive --log=guest --log-dir=/var/log/xen/console \
		--pid-file=/run/xenconsoled.pid 2>"$logs/xenconsoled" &
	console=$!
else
	say "$free_ptys pseudo-terminals are free here: $N guests go without consoles"
	wait=store
fi
printf 'name="guest"\ntype="pv"\nkernel="%s"\nmemory=4\nvcpus=1\nextra="hello ready ping=10"\n' \
	"$build/tests/guest/guest" >"$SIMXEN_DIR/guest.cfg"

say "$N domains of 4 MiB, by xencreate:"
"$build/xencreate/xencreate" --wait=$wait -n "$N" "$SIMXEN_DIR/guest.cfg" 2>&1 | sed 's/^/  /'
say "the host: $(($(ctl domains) - 1)) domains, $(ctl hypercalls) hypercalls, $(ctl notifications) notifications, $(ctl events) events"
say "xenstored: $(cpu $store), $(rss $store)"
[ -z "$console" ] || say "xenconsoled: $(cpu $console), $(rss $console)"
last=$((N > 1 ? N / 2 : 1))
if [ -n "$console" ]; then
	log=$(grep -l "domain $last " /var/log/xen/console/guest-*.log | head -n 1)
	say "what domain $last said:"
	sed 's/^/  /' "$log"
fi
say "the ports of dom0:"
"$build/lsevtchn/lsevtchn" --summary 2>/dev/null | head -n 8 | sed 's/^/  /' || true
say "and away with them:"
"$build/xencreate/xencreate" destroy --all 2>&1 | sed 's/^/  /'
until_ok test "$(ctl domains)" = 1
say "the host: $(($(ctl domains) - 1)) domains"
