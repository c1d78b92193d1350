# SPDX-License-Identifier: GPL-2.0-or-later
# Ten guests flood the store in each way there is, and one that asks now and then is always answered.
# all: no
# limit: 280
start_daemons
xenstore-write /shared ""
xenstore-chmod /shared r0

# asks NAME: a guest that writes and reads fifty times is answered each time; prints its p99.
asks() {
	xl_create "$(tiny_cfg "$1" ping=50,10)" || return 1
	wait_for 60 guest_node "$1" data/ping/us || return 1
	echo "# $1: p99 $(guest_node "$1" data/ping/p99) us of $(guest_node "$1" data/ping/count) round trips"
	[ "$(guest_node "$1" data/ping/count)" = 50 ] && [ "$(guest_node "$1" data/ping/errors)" = 0 ]
}
ok "a guest alone is answered" asks alone
destroyed alone
for flood in flood-store=read flood-store=write flood-store=big flood-store=watch flood-store=transaction mute-store \
	mute-watch=/shared flood-events bad-ring=store-index; do
	name=$(echo ${flood%%/*} | tr -c 'a-z\n' -)
	cfg=$(tiny_cfg "$name" "$flood")
	ok "ten guests that do $flood" xencreate --quiet --no-preflight --wait=store --copies=10 --name="$name%d" "$cfg"
	sleep 1
	[ "$name" != mute-watch- ] || for i in 1 2 3 4 5 6 7 8 9; do xenstore-write /shared/$i $i; done
	ok "one that asks is answered all the same" asks "asks-$name"
	ok "the daemon lives" running $store_pid
	destroyed "asks-$name"
	ok "they can be destroyed" xencreate destroy --quiet "$name*"
done
is "no domain is left" "$(n_domains)" 0
