# SPDX-License-Identifier: GPL-2.0-or-later
# updates N_GUESTS SECONDS PAUSE_MS: xenstored is replaced while it works, by itself once a second for so long, by Debian's and
# back; guests that ping through it go on, and so do dom0's clients, on the connections that they have.
# PATIENCE (--env): seconds, for a machine that is busy with other things; Debian's daemon then takes long for a hundred nodes.
updates() {
	update_guests=$1
	update_patience=${PATIENCE:-60}
	start_daemons
	ok "$1 guests that ping are created" create_many "$1" guest hello ready watch "ping=0,$3"
	update_ids=$(xl list | awk 'NR > 2 { print $2 }')
	update_paths ping/count >/tmp/count-paths
	update_paths ping/errors >/tmp/error-paths
	update_paths watched >/tmp/watched-paths
	ok "each guest pings" wait_for 90 update_began
	kill -0 $store_pid || give_up "xenstored runs"
	update_clients_begin
	if [ "$STORE" = ours ]; then
		update_by_itself "$2"
		update_to stock
		update_to ours
	else
		update_to ours
		update_by_itself "$2"
		update_to stock
		update_to ours
	fi
	update_clients_end
	ok "xenstored checks itself" timeout 20 xenstore-control check
	note "guests' round trips, us, the longest of all: $(xenstore-read $(update_paths ping/us) | sort -n -k 3 | tail -n 1 | cut -d ' ' -f 3)"
	ok "all are destroyed" update_end
	is "no domain is left" "$(n_domains)" 0
}

# update_paths NODE: of each guest, as one client is asked for them at once.
update_paths() {
	for update_id in $update_ids; do
		echo "/local/domain/$update_id/data/$1"
	done
}

# update_values FILE: of the nodes that it names.
update_values() {
	timeout $update_patience xenstore-read $(cat "$1") 2>/dev/null
}

update_began() {
	[ "$(update_values /tmp/count-paths | wc -l)" = "$update_guests" ]
}

# Each guest's count is higher than in /tmp/counts.
update_higher() {
	update_values /tmp/count-paths | paste /tmp/counts - | awk 'NF < 2 || $2 <= $1 { bad = 1 } END { exit bad || NR == 0 }'
}

update_all_ping() {
	update_values /tmp/count-paths >/tmp/counts
	wait_for $update_patience update_higher
}

# The first event comes with the watch itself.
update_events=1
update_watched() {
	[ "$(update_values /tmp/watched-paths | sort | uniq -c | awk '{ print $1, $2 }')" = "$update_guests $update_events" ]
}

update_watches_fire() {
	timeout $update_patience xenstore-write $(update_paths watch | sed "s/\$/ event-$update_events/")
	update_events=$((update_events + 1))
	wait_for $update_patience update_watched
}

update_serves() {
	[ "$(readlink /proc/$store_pid/exe)" = "$1" ]
}

# update_become WORDS…: what an operator types, and what it says.
update_become() {
	note "# xenstore-control live-update $*"
	update_before=$(update_ms)
	timeout 60 xenstore-control live-update "$@" >/tmp/become 2>&1
	update_status=$?
	update_took=$(($(update_ms) - update_before))
	note "$(cat /tmp/become)"
	return $update_status
}

# In milliseconds, to a hundredth of a second.
update_ms() {
	awk '{ print int($1 * 1000) }' /proc/uptime
}

# Clients of dom0 that stay for all of it: one that listens, one that asks over the socket, one over the kernel's ring.
update_clients_begin() {
	xenstore-watch /seen >/tmp/seen 2>&1 &
	update_listener=$!
	asks -p 20 /tool/asks >/tmp/asks-socket 2>&1 &
	update_socket_client=$!
	update_kernel_client=
	if [ -c /dev/xen/xenbus ]; then
		asks -p 20 -s /dev/xen/xenbus /tool/asks-kernel >/tmp/asks-kernel 2>&1 &
		update_kernel_client=$!
	fi
	update_seen=0
	wait_for 60 test -s /tmp/seen || give_up "a client listens"
}

update_heard() {
	[ "$(grep -c seen /tmp/seen)" = $((update_seen + 1)) ]
}

update_clients_end() {
	kill $update_socket_client $update_kernel_client $update_listener
	ok "the client that asked over one socket all the time saw no fault" wait $update_socket_client
	note "$(cat /tmp/asks-socket)"
	[ -n "$update_kernel_client" ] || return
	ok "nor did the one that asked through dom0's kernel" wait $update_kernel_client
	note "$(cat /tmp/asks-kernel)"
}

# update_works: what must hold after each change.
update_works() {
	ok "each guest pings on" update_all_ping
	ok "watches fire, once each" update_watches_fire
	timeout 60 xenstore-write /seen "$update_seen"
	update_seen=$((update_seen + 1))
	ok "who listens hears, once" wait_for 60 update_heard
	ok "who asks is there" running $update_socket_client
	is "xl lists all of them" "$(n_domains)" "$update_guests"
	is "and so does the store" "$(timeout 60 xenstore-list /local/domain | wc -l)" $((update_guests + 1))
	ok "a new domain is made" xl_create "$(tiny_cfg later hello ping=5)"
	ok "it pings" wait_for 60 sh -c '[ "$(xenstore-read /local/domain/$(xl domid later)/data/ping/count)" = 5 ]'
	ok "it is heard" wait_for 60 console_says later "hello from domain $(domid later)"
	ok "its end is seen" destroyed later
	rm -f $CONSOLE_LOGS/guest-later.log
	is "no ping has failed" "$(update_values /tmp/error-paths | sort | uniq -c | awk '{ print $1, $2 }')" "$update_guests 0"
	is "and none said so" "$(grep -h 'ping: .* sent' $CONSOLE_LOGS/guest-*.log)" ""
}

# update_often SECONDS: once a second, or as often as the machine can, in the same process.
update_often() {
	rm -f /tmp/took
	update_until=$(($(update_ms) + $1 * 1000))
	while [ "$(update_ms)" -lt $update_until ]; do
		update_began_ms=$(update_ms)
		update_become -t 30 "$update_ours" >/tmp/said.become || return
		echo $update_took >>/tmp/took
		update_left=$((update_began_ms + 1000 - $(update_ms)))
		[ $update_left -le 0 ] || usleep $((update_left * 1000))
	done
	update_serves "$update_ours" && [ "$(wc -l </tmp/took)" -gt $(($1 / 10)) ]
}

update_by_itself() {
	ok "for $1 seconds it replaces itself, in the same process" update_often "$1"
	note "$(sort -n /tmp/took | awk '{ t[NR] = $1 } END { print NR " live updates; one took " t[1] " ms at least, " t[int((NR + 1) / 2)] " (median), " t[NR] " at most" }')" \
		"($(paste -s -d ' ' /tmp/took))"
	update_works
	fails "a program that is none is refused" update_become /etc/passwd
	ok "and the daemon goes on" update_all_ping
}

update_ours=$(readlink -f "$OURS/xenstored")
update_stock=$(readlink -f "$STOCK/xenstored")

# update_to KIND: another takes over, with arguments of its own.
update_to() {
	eval update_binary=\$update_$1
	ok "$1 takes over" update_become -t 30 -c "--no-fork --pid-file=/run/xenstored.pid" "$update_binary"
	note "it took $update_took ms"
	ok "it serves, in the same process" update_serves "$update_binary"
	update_works
}

update_end() {
	if [ -x "$OURS/xencreate" ]; then
		timeout 120 xencreate destroy --quiet 'guest*'
	else
		for update_id in $update_ids; do
			timeout 30 xl destroy "$update_id" || return
		done
	fi
	wait_for 60 sh -c '[ "$(xl list | tail -n +3 | wc -l)" = 0 ]'
}
