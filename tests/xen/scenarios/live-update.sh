# SPDX-License-Identifier: GPL-2.0-or-later
# xenstored is replaced while it works: by itself ten times, by Debian's and back. Guests that ping through it go on.
# limit: 240
N=20
start_daemons
ok "$N guests that ping are created" create_many $N guest hello ready watch ping=0,100
ids=$(for number in $(seq $N); do domid "guest$number"; done)

# counts: how often each guest has pinged.
counts() {
	for id in $ids; do
		read_node "/local/domain/$id/data/ping/count"
	done
}
# Each guest's count is higher than in /tmp/counts.
higher() {
	counts | paste /tmp/counts - | awk 'NF < 2 || $2 <= $1 { bad = 1 } END { exit bad || NR == 0 }'
}
all_ping() {
	counts >/tmp/counts
	wait_for 30 higher
}
began() {
	[ "$(counts | wc -l)" = $N ]
}
errors() {
	for id in $ids; do
		read_node "/local/domain/$id/data/ping/errors"
	done | awk '{ n += $1 } END { print n + 0 }'
}
# watched COUNT: every guest has seen so many events.
watched() {
	for id in $ids; do
		[ "$(read_node "/local/domain/$id/data/watched")" = "$1" ] || return
	done
}
# The first event comes with the watch itself.
n_events=1
watches_fire() {
	for id in $ids; do
		timeout 10 xenstore-write "/local/domain/$id/data/watch" "event $n_events"
	done
	n_events=$((n_events + 1))
	wait_for 30 watched $n_events
}
serves() {
	[ "$(readlink /proc/$store_pid/exe)" = "$1" ]
}
# become WORDS…: the command.
become() {
	timeout 60 xenstore-control live-update -t 30 "$@"
}
# works: what must hold after each change.
works() {
	ok "each guest pings on" all_ping
	ok "watches fire" watches_fire
	is "no domain is missing" "$(n_domains)" $N
	ok "a new domain is made" xl_create "$(tiny_cfg later hello ping=5)"
	ok "it pings" wait_for 20 sh -c '[ "$(xenstore-read /local/domain/$(xl domid later)/data/ping/count)" = 5 ]'
	ok "it is heard" wait_for 20 console_says later "hello from domain $(domid later)"
	ok "its end is seen" destroyed later
	rm -f $CONSOLE_LOGS/guest-later.log
	is "no ping has failed" "$(errors)" 0
}

ok "each guest pings" wait_for 60 began
ours=$(readlink -f "$OURS/xenstored")
stock=$(readlink -f "$STOCK/xenstored")
kill -0 $store_pid || give_up "xenstored runs"

if [ "$STORE" = ours ]; then
	for turn in $(seq 10); do
		ok "change $turn from ours to ours" become "$ours"
	done
	ok "it is the same process" serves "$ours"
	works
	fails "a program that is none is refused" become /etc/passwd
	ok "and the daemon goes on" all_ping
	ok "from ours to Debian's" become -c "--no-fork --pid-file=/run/xenstored.pid" "$stock"
	ok "Debian's serves in the same process" serves "$stock"
	works
fi
ok "from Debian's to ours" become -c "--no-fork --pid-file=/run/xenstored.pid" "$ours"
ok "ours serves in the same process" serves "$ours"
works
ok "xenstored checks itself" timeout 20 xenstore-control check
ok "all are destroyed" sh -c "for id in $(echo $ids); do xl destroy \$id || exit; done"
ok "no domain is left" wait_for 20 sh -c '[ "$(xl list | tail -n +3 | wc -l)" = 0 ]'
