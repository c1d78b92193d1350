# SPDX-License-Identifier: GPL-2.0-or-later
# Twenty tiny guests: created, answering through the store, heard on their consoles, counted, destroyed.
N=20
start_daemons
before=$(dom0_ports | wc -l)
left_over >/tmp/left-before

ok "$N guests are created" create_many $N guest hello ping=20 ready
is "$N domains are there" "$(n_domains)" $N

# each COMMAND…: the command, with the guest's name as its last word, succeeds for every guest.
each() {
	for number in $(seq $N); do
		"$@" "guest$number" || {
			echo "guest$number: $*"
			return 1
		}
	done
}
pinged() {
	[ "$(guest_node "$1" data/ping/count) $(guest_node "$1" data/ping/errors)" = "20 0" ]
}
greeted() {
	console_says "$1" "hello from domain $(domid "$1") $1"
}
has_tty() {
	[ -c "$(guest_node "$1" console/tty)" ]
}
ok "each answers through the store" each wait_for 60 pinged
ok "each has a terminal" each has_tty
ok "each has greeted on its console" each wait_for 60 greeted
is "dom0 has two event channels more for each" "$(dom0_ports | wc -l)" $((before + 2 * N))
note "$(grep ping: $CONSOLE_LOGS/guest-guest$N.log) (guest$N, µs: $(guest_node guest$N data/ping/us))"

ok "all are destroyed" each timeout 20 xl destroy
ok "no node and no port is left over" wait_for 60 nothing_left
is "no domain is left" "$(n_domains)" 0
