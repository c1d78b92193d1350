# SPDX-License-Identifier: GPL-2.0-or-later
# kill9 N_GUESTS N_KILLS: xenstored is killed once a second and started again by a loop; nobody may lose anything.
kill9() {
	kill9_guests=$1
	kill9_kills=$2
	[ -e /dev/xen/privcmd ] || xen_devices || give_up "Xen's devices are there"
	kill9_loop &
	kill9_pid=$!
	wait_for 60 store_answers || give_up "xenstored starts"
	ok "dom0 is made known" timeout 20 xen-init-dom0
	start_console || give_up "xenconsoled starts"
	ok "$kill9_guests guests are made" create_many "$kill9_guests" g "hello ping=0,500"
	ok "all of them ping" wait_for 60 kill9_all_ping
	kill9_kernel_client >/tmp/kernel-client 2>&1 &
	kill9_client_pid=$!
	kill9_counts >/tmp/before
	ok "it is killed $kill9_kills times" kill9_kill
	is "it was started again each time" "$(grep -c 'serving on' "$LOGS/xenstored.log")" $((kill9_kills + 1))
	ok "every guest pings on" wait_for 60 kill9_all_went_on
	is "none has seen an error" "$(awk '$3 != 0' /tmp/after)" ""
	note "pings of all guests: $(awk '{ n += $2 } END { print n }' /tmp/before) before, $(awk '{ n += $2 } END { print n }' /tmp/after) after"
	touch /tmp/enough
	wait $kill9_client_pid
	note "dom0's kernel: $(cat /tmp/kernel-client)"
	ok "dom0's kernel was answered every time" grep -q '^[1-9][0-9]* answers, 0 failures' /tmp/kernel-client
	is "xl lists all of them" "$(n_domains)" "$kill9_guests"
	is "and so does the store" "$(timeout 60 xenstore-list /local/domain | wc -l)" $((kill9_guests + 1))
	ok "a new guest is made" xl_create "$(tiny_cfg fresh hello ping=20)"
	ok "it is served" wait_for 60 sh -c '[ "$(xenstore-read /local/domain/$(xl domid fresh)/data/ping/count)" = 20 ]'
	ok "it ends" destroyed fresh
	is "nothing of it is left in the store" "$(timeout 60 xenstore-list /local/domain | wc -l)" $((kill9_guests + 1))
	ok "a guest that will end by itself" xl_create "$(tiny_cfg mortal hello exit=8000)"
	ok "ends while nobody serves" kill9_while_down 10
	# Its xl has lost its connection: there is no manager here that keeps it (store-service.sh).
	ok "it can be cleared away afterwards" destroyed mortal
	is "nothing of it is left in the store either" "$(timeout 60 xenstore-list /local/domain | wc -l)" $((kill9_guests + 1))
	ok "it finds no fault in itself" kill9_is_sound
}

# A service manager at its simplest.
kill9_loop() {
	while :; do
		while [ -e /tmp/hold ]; do
			sleep 0.1
		done
		"$OURS/xenstored" --no-fork --pid-file=/run/xenstored.pid >>"$LOGS/xenstored.log" 2>&1
	done
}

# "GUEST COUNT ERRORS" of each guest, by one client.
kill9_counts() {
	timeout 60 xenstore-ls -f /local/domain |
		sed -n 's,^/local/domain/\([0-9]*\)/data/ping/\([ce][a-z]*\) = "\(.*\)"$,\1 \2 \3,p' |
		awk '{ value[$1 $2] = $3; seen[$1] } END { for (i in seen) print i, value[i "count"], value[i "errors"] }'
}

kill9_all_ping() {
	kill9_counts >/tmp/counts
	[ "$(awk '$2 > 0' /tmp/counts | wc -l)" = "$kill9_guests" ]
}

kill9_kill() {
	for kill9_i in $(seq "$kill9_kills"); do
		sleep 1
		wait_for 60 store_answers || return
		kill -9 "$(cat /run/xenstored.pid)" || return
	done
	wait_for 60 store_answers
}

# kill9_while_down SECONDS: nobody serves for so long.
kill9_while_down() {
	touch /tmp/hold
	kill -9 "$(cat /run/xenstored.pid)"
	sleep "$1"
	rm /tmp/hold
	wait_for 60 store_answers
}

# Each guest more than before, however often it was interrupted.
kill9_all_went_on() {
	kill9_counts >/tmp/after
	[ "$(awk 'NR == FNR { before[$1] = $2; next } $2 > before[$1] + 2' /tmp/before /tmp/after | wc -l)" = "$kill9_guests" ]
}

# A client through the kernel's ring: what it asks while nobody serves is answered later.
kill9_kernel_client() {
	kill9_answers=0
	kill9_failures=0
	while [ ! -e /tmp/enough ]; do
		if [ "$(timeout 20 env XENSTORED_PATH=/dev/xen/xenbus xenstore-read /local/domain/0/name)" = Domain-0 ]; then
			kill9_answers=$((kill9_answers + 1))
		else
			kill9_failures=$((kill9_failures + 1))
		fi
		sleep 0.1
	done
	echo "$kill9_answers answers, $kill9_failures failures"
}

kill9_is_sound() {
	timeout 20 xenstore-control check
	! grep -i "error" "$LOGS/xenstored.log"
}
