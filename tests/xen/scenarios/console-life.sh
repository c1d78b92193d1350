# SPDX-License-Identifier: GPL-2.0-or-later
# The console daemon ends, dies and comes again; the store goes away and comes back; births and deaths in bursts.
# all: no
# limit: 500
start_daemons
N=${N:-20}

tty_of() {
	guest_node "$1" console/tty
}
shown() {
	grep -q -- "$1" /tmp/shown
}
numbers() {
	sed -n 's/.*chatter \([0-9]*\) .*/\1/p' "$CONSOLE_LOGS/guest-$1.log"
}
lost_lines() {
	numbers "$1" | awk 'NR > 1 && $1 > last + 1 { n += $1 - last - 1 } { last = $1 } END { print n + 0 }'
}
each() {
	for number in $(seq "$N"); do
		"$@" "guest$number" || {
			echo "guest$number: $*"
			return 1
		}
	done
}

# --- killed under load ---
ok "$N guests that talk" create_many "$N" guest hello chatter=10
has_tty() {
	[ -c "$(tty_of "$1")" ]
}
talks() {
	[ "$(numbers "$1" | tail -n 1)" -gt 10 ]
}
ok "all are heard" each wait_for 60 talks
xenconsole "$(domid guest1)" --type pv </dev/null >/tmp/shown 2>/tmp/shown.err &
client_pid=$!
ok "a client is there" wait_for 60 shown "chatter "
for round in 1 2 3; do
	kill -9 $console_pid
	wait $console_pid 2>/dev/null
	ok "killed and started again ($round)" start_console
	sleep 1
done
before=$(numbers guest1 | tail -n 1)
ok "the client has followed to the new terminal" wait_for 60 shown "chatter $((before + 15)) "
kill $client_pid
wait $client_pid 2>/dev/null
total=0
for number in $(seq "$N"); do
	total=$((total + $(lost_lines guest$number)))
done
is "no line of any guest is lost" $total 0

# --- ended ---
if [ "$CONSOLE" = ours ]; then
	xenstore-write "/local/domain/$(domid guest2)/console/tty" /dev/somebody/elses
	started=$(date +%s)
	kill $console_pid
	wait $console_pid
	is "it ends well" $? 0
	ok "and soon" test $(($(date +%s) - started)) -le 3
	is "no node names its terminals" "$(xenstore-ls -f /local/domain | grep -c 'console/tty = "/dev/pts')" 0
	is "somebody else's node is left alone" "$(tty_of guest2)" /dev/somebody/elses
	ok "no file is left" sh -c "! ls /run/xenconsoled.pid /run/xen/xenconsoled.sock 2>/dev/null"
else
	kill $console_pid
	wait $console_pid
fi
ok "it starts again" start_console
ok "and every guest has a terminal again" each wait_for 60 has_tty

# --- all at once ---
for id in $(xl list | awk 'NR > 2 { print $2 }'); do
	timeout 60 xl destroy "$id" 2>/dev/null &
	pids="$pids $!"
done
for pid in $pids; do
	wait "$pid"
done
none_left() {
	[ "$(n_domains)" = 0 ]
}
ok "all guests die at once, and none is kept" wait_for 60 none_left
none_served() {
	xenconsoled --stats | grep -q '^domains          0, 0 of them served, 0 ptys'
}
[ "$CONSOLE" = stock ] || ok "the daemon has forgotten them all" wait_for 60 none_served
is "the daemon holds no page and no port" "$(ls -l /proc/$console_pid/fd | grep -c pts)" 0

# --- the store is away ---
if [ "$CONSOLE" = ours ]; then
	ok "a guest that talks" xl_create "$(tiny_cfg lonely hello chatter=10)"
	kill -9 $store_pid
	wait $store_pid 2>/dev/null
	ok "it is heard" wait_for 60 console_says lonely "chatter 5 "
	before=$(numbers lonely | tail -n 1)
	goes_on() {
		[ "$(numbers lonely | tail -n 1)" -gt $((before + 10)) ]
	}
	ok "consoles go on without a store" wait_for 60 goes_on
	ok "the store comes back" start_store
	ok "dom0 is made known to it" timeout 20 xen-init-dom0
	ok "a new guest is made" xl_create "$(tiny_cfg fresh hello)"
	ok "the same daemon serves it" wait_for 60 console_says fresh "hello from domain"
	ok "it is the same" running $console_pid
	ok "the new guest is destroyed" destroyed fresh
fi
