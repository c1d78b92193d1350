# SPDX-License-Identifier: GPL-2.0-or-later
# The store's units under a real systemd: killed, its clients' connections live on, over sockets and rings.
# bed: systemd
# limit: 200
# all: no
units=/run/systemd/system

# installed FILE: a unit of ours, with our program where it is here.
installed() {
	mkdir -p $units
	rm -f "/etc/systemd/system/$1"
	sed "s,/[^ ']*/xenstored ,$OURS/xenstored ,; s,^\[Service\],[Service]\nEnvironment=LD_LIBRARY_PATH=$LD_LIBRARY_PATH," "$OURS/$1" >"$units/$1"
}
for unit in proc-xen.mount xenstored.service xen-init-dom0.service xen.service; do
	installed $unit
done
rm -rf /run/xen /run/xenstored
ok "folders are made" systemd-tmpfiles --create "$OURS/xenscale.conf"
systemctl daemon-reload
ok "the daemons of the host start" timeout 60 systemctl start xen.service
is "the store runs" "$(systemctl is-active xenstored.service)" active
ok "it answers" store_answers
is "dom0 is known" "$(read_node /local/domain/0/name)" Domain-0
start_console || give_up "xenconsoled starts"

exposure() {
	systemd-analyze security --no-pager "$1" 2>/dev/null | sed -n 's/.*Overall exposure level[^:]*: \([0-9.]*\).*/\1/p'
}
for unit in xenstored xen-init-dom0 xen; do
	note "exposure of $unit.service: $(exposure $unit.service)"
	ok "$unit.service is exposed 0.6 at most" awk -v e="$(exposure $unit.service)" 'BEGIN { exit !(e != "" && e <= 0.6) }'
done

ok "guests" create_many 5 g "hello ping=0,200"
main_pid() {
	systemctl show -P MainPID xenstored.service
}
# A client that only listens, from before the first kill to the last.
timeout 120 xenstore-watch /seen >/tmp/seen 2>&1 &
watcher=$!
wait_for 60 test -s /tmp/seen || give_up "a client listens"
counts() {
	for name in g1 g2 g3 g4 g5; do
		guest_node $name data/ping/count
	done
}
all_ping() {
	[ "$(counts | awk '$1 > 0' | wc -l)" = 5 ]
}
ok "all of them ping" wait_for 60 all_ping
ok "a guest that ends by itself meanwhile" xl_create "$(tiny_cfg mortal hello exit=5000)"
counts >/tmp/before
n_kills=10
for i in $(seq $n_kills); do
	before=$(main_pid)
	kill -9 "$before"
	timeout 20 xenstore-write /seen "$i" || note "write $i failed"
	[ "$(main_pid)" != "$before" ] || note "not started again"
done
ok "its xl has been told, and has cleared it away" wait_for 60 gone mortal
is "it was started again each time" "$(systemctl show -P NRestarts xenstored.service)" $n_kills
is "what was written is there" "$(read_node /seen)" $n_kills
ok "the listener's connection lives" running $watcher
heard() {
	[ "$(grep -c seen /tmp/seen)" = $((n_kills + 1)) ]
}
ok "and heard of each change once" wait_for 60 heard
all_went_on() {
	counts >/tmp/after
	[ "$(paste /tmp/before /tmp/after | awk '$2 > $1 + 2' | wc -l)" = 5 ]
}
ok "every guest pings on" wait_for 60 all_went_on
is "without an error" "$(for name in g1 g2 g3 g4 g5; do guest_node $name data/ping/errors; done | sort -u)" 0

# Live update: the same process goes on, and what the manager keeps is still right after the next kill.
before=$(main_pid)
ok "it replaces itself" timeout 60 xenstore-control live-update -t 30 "$OURS/xenstored"
is "the same process serves, and the manager takes it for the service" "$(main_pid) $(systemctl is-active xenstored.service)" "$before active"
ok "the listener's connection lives" running $watcher
timeout 60 xenstore-write /seen updated
updated_heard() {
	[ "$(grep -c seen /tmp/seen)" = $((n_kills + 2)) ]
}
ok "and hears" wait_for 60 updated_heard
kill -9 "$before"
timeout 20 xenstore-write /seen killed-again
is "killed after it: what was written is there" "$(read_node /seen)" killed-again
ok "the listener's connection lives" running $watcher
killed_heard() {
	[ "$(grep -c seen /tmp/seen)" = $((n_kills + 3)) ]
}
ok "and hears" wait_for 60 killed_heard
counts >/tmp/before
ok "every guest pings on" wait_for 60 all_went_on

ok "it is restarted" timeout 30 systemctl restart xenstored.service
ok "the listener's connection lives" running $watcher
timeout 60 xenstore-write /seen again
restart_heard() {
	[ "$(grep -c seen /tmp/seen)" = $((n_kills + 4)) ]
}
ok "and hears" wait_for 60 restart_heard
is "xl lists all guests" "$(n_domains)" 5
ok "a new guest is made" xl_create "$(tiny_cfg fresh hello ping=5)"
ok "it is served" wait_for 60 sh -c '[ "$(xenstore-read /local/domain/$(xl domid fresh)/data/ping/count)" = 5 ]'
ok "it ends" destroyed fresh
ok "it is stopped" timeout 30 systemctl stop xenstored.service
ok "and started" timeout 30 systemctl start xenstored.service
is "and knows all" "$(read_node /seen)" again
cp /run/log/journal "$LOGS" 2>/dev/null
journalctl -u xenstored.service -o cat --no-pager >"$LOGS/journal" 2>&1
is "nothing went wrong" "$(grep -i -e error -e warning "$LOGS/journal")" ""
