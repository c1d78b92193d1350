#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ./demo --sim's part inside the simulated host. Lines that begin with "@" are for demo.py, others for the reader.
#   BUILD      the build folder
#   N          how many domains
#   STORE      ours or stock: whose xenstored and xenconsoled
#   WAIT       when a domain counts as made: ready, or store (its console is not waited for)
#   IN_FLIGHT  how many at once (0: the creator's own choice)
#   EVENTS     where the creator's events go
set -euo pipefail
until_ok() { for ((i = 0; i < 600; i++)); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done; return 1; }
# pause WORD: until demo.py has looked at the daemons
pause() { echo "@$1"; read -r _; }
ctl() { "$BUILD/simxen/simxen" ctl status | awk -v what="$1" '$1 == what { print $2 }'; }
all_gone() { [ "$(ctl domains)" = 1 ]; }
logs=$SIMXEN_DIR/log
mkdir -p "$logs"

if [ "$STORE" = ours ]; then
	"$BUILD/xenstored/xenstored" --no-fork --pid-file=/run/xenstored.pid 2>"$logs/xenstored" &
	store=$!
	"$BUILD/xenconsoled/xenconsoled" --interactive --log=guest --log-dir=/var/log/xen/console \
		--pid-file=/run/xenconsoled.pid 2>"$logs/xenconsoled" &
	console=$!
else
	xenstored --no-fork --pid-file=/run/xenstored.pid &
	store=$!
	until_ok test -S /run/xenstored/socket
	xen-init-dom0 >/dev/null
	xenconsoled --log=guest --log-dir=/var/log/xen/console --pid-file=/run/xenconsoled.pid
	until_ok test -s /run/xenconsoled.pid
	console=$(cat /run/xenconsoled.pid)
fi
until_ok test -S /run/xenstored/socket || { cat "$logs"/xenstored >&2; exit 1; }
until_ok test -s /run/xenconsoled.pid || { cat "$logs"/xenconsoled >&2; exit 1; }
echo "@pid xenstored $store"
echo "@pid xenconsoled $console"
echo "@pid simxend $(ctl pid)"
pause begin

printf 'name="guest"\ntype="pv"\nkernel="%s"\nmemory=4\nvcpus=1\nextra="hello ready ping=10"\n' \
	"$BUILD/tests/guest/guest" >"$SIMXEN_DIR/guest.cfg"
# It would rather not begin than leave guests without a console, and is right.
set -- --json --no-preflight --wait="$WAIT" -n "$N"
[ "$IN_FLIGHT" = 0 ] || set -- "$@" --max-in-flight="$IN_FLIGHT"
"$BUILD/xencreate/xencreate" "$@" "$SIMXEN_DIR/guest.cfg" >"$EVENTS" 2>"$logs/xencreate" || { cat "$logs/xencreate" >&2; exit 1; }
pause made
echo "@host $(($(ctl domains) - 1)) domains, $(ctl hypercalls) hypercalls, $(ctl notifications) notifications, $(ctl events) events;" \
	"$(($(ctl used_pages) * 4 / N)) KiB written to for each guest"
some=$(find /var/log/xen/console -name 'guest-*.log' | sort -V | sed -n "$((N / 2 + 1))p")
[ -z "$some" ] || sed "s,^,@console $(basename "$some" .log): ," "$some"
"$BUILD/lsevtchn/lsevtchn" --summary 2>/dev/null | head -n 8 | sed 's/^/@ports /' || true
"$BUILD/xencreate/xencreate" destroy -q --all
until_ok all_gone
