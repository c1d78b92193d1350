# SPDX-License-Identifier: GPL-2.0-or-later
# Ten guests flood the store in each way there is, and a guest and a client of dom0 that ask now and then are always answered.
# all: no
# limit: 280
start_daemons
xenstore-write /shared ""
xenstore-chmod /shared r0
rounds=40

# asks NAME: a new guest and a client of dom0, both at once, write and read so often and are answered each time.
asks() {
	xencreate --quiet --no-preflight "$(tiny_cfg "$1" "ping=$rounds,10")" || return 1
	command asks -n $rounds -p 10 /tool/asks >/tmp/asks-dom0 || return 1
	wait_for 60 guest_node "$1" data/ping/us || return 1
	[ "$(guest_node "$1" data/ping/count)" = $rounds ] && [ "$(guest_node "$1" data/ping/errors)" = 0 ]
}

# figures NAME WHAT: a line of what they saw.
figures() {
	figures_home=/local/domain/$(domid "$1")/data/ping
	note "$2: guest p50 $(read_node $figures_home/p50), p99 $(read_node $figures_home/p99), max $(read_node $figures_home/us | cut -d ' ' -f 3) us;" \
		"dom0 $(sed -n 's/.*us: //p' /tmp/asks-dom0) us"
}

# served NAME WHAT
served() {
	ok "those who ask are answered all the same: $2" asks "$1"
	figures "$1" "$2"
	ok "the daemon lives" running $store_pid
}

ok "a guest and a client alone are answered" asks alone
figures alone alone
destroyed alone

# flooded WORDS…: ten guests, which take the words by turns.
flooded() {
	flooded_n=$#
	flooded_i=0
	while [ $flooded_i -lt $flooded_n ]; do
		flooded_i=$((flooded_i + 1))
		tiny_cfg "flood$flooded_i-" "$1" >/dev/null
		flooded_copies=$(((10 + flooded_n - flooded_i) / flooded_n))
		xencreate --quiet --no-preflight --wait=store --copies=$flooded_copies --name="flood$flooded_i-%d" "/tmp/flood$flooded_i-.cfg" || return
		shift
	done
}
floods="flood-store=read flood-store=write flood-store=big flood-store=watch flood-store=transaction mute-store mute-watch=/shared
	flood-events flood-console"
hogs="hog-nodes hog-watches hog-transactions hog-ports"
bad_rings="bad-ring=store-index bad-ring=store-cons bad-ring=store-length bad-ring=store-half bad-ring=store-path bad-ring=store-op
	bad-ring=console-index bad-ring=console-cons"
for flood in $floods "$hogs" "$bad_rings" "$floods"; do
	case $flood in
	hog-*) name="all that take what they can get" ;;
	*console-index*) name="bad rings of each kind" ;;
	*\ *) name="all floods at once" ;;
	*) name=$flood ;;
	esac
	ok "ten guests: $name" flooded $flood
	is "they are there" "$(n_domains)" 10
	sleep 1
	case $flood in
	*mute-watch*) for i in 1 2 3 4 5 6 7 8 9; do xenstore-write /shared/$i $i; done ;;
	esac
	served asks "$name"
	ok "they can be destroyed" xencreate destroy --quiet "flood*" asks
done
is "no domain is left" "$(n_domains)" 0
