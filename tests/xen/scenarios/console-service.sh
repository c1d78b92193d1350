# SPDX-License-Identifier: GPL-2.0-or-later
# The console daemon as a service in its sandbox: ready, journal, reload, killed more often than a manager
# forgives and restarted while a client of xl console listens, stopped.
# all: no
# bed: systemd
# limit: 500
[ "$CONSOLE" = ours ] || {
	skip "the service" "it is about our daemon"
	finish
}
[ -e /dev/xen/privcmd ] || xen_devices || give_up "Xen's devices are there"
start_store || give_up "xenstored ($STORE) starts"
timeout 20 xen-init-dom0 >"$LOGS/xen-init-dom0.log" 2>&1 || give_up "xen-init-dom0"

unit=/run/systemd/system/xenconsoled.service
mkdir -p /run/systemd/system /run/systemd/system/xenconsoled.service.d /etc/default
sed "s,/[^ ']*/xenconsoled,$OURS/xenconsoled,; s,^\[Service\],[Service]\nEnvironment=LD_LIBRARY_PATH=$LD_LIBRARY_PATH," \
	"$OURS/xenconsoled.service" >$unit
# The store was started by hand here.
sed -i '/^Wants=xenstored/d' $unit
cat >/etc/default/xen <<-END
	XENCONSOLED_TRACE=all
	XENCONSOLED_ARGS="--journal=all --log-size=4K --log-count=1000 -v"
END
systemctl daemon-reload

main_pid() {
	systemctl show -P MainPID xenconsoled
}
numbers() {
	sed -n 's/.*chatter \([0-9]*\) .*/\1/p'
}
# Once more if they have been turned meanwhile: one would be missing.
all_files() {
	for try in 1 2 3 4 5; do
		first=$(stat -c %i "$CONSOLE_LOGS/guest-$1.log")
		for file in $(ls $CONSOLE_LOGS/guest-"$1".log.* | sort -t . -k 3 -rn) "$CONSOLE_LOGS/guest-$1.log"; do
			cat "$file"
		done >/tmp/all-files
		[ "$(stat -c %i "$CONSOLE_LOGS/guest-$1.log")" != "$first" ] || break
	done
	cat /tmp/all-files
}
lost() {
	all_files "$1" | numbers | awk 'NR > 1 && $1 > last + 1 { n += $1 - last - 1 } { if ($1 > last) last = $1 } END { print n + 0 }'
}
journal_has() {
	timeout 20 journalctl -q -o cat "$@" | grep -q "$wanted"
}

ok "the service starts, and says when it serves" timeout 30 systemctl start xenconsoled
is "it is up" "$(systemctl is-active xenconsoled)" active
note "$(systemctl status --no-pager xenconsoled 2>&1 | tail -n 6)"
exposure=$(systemd-analyze security --no-pager xenconsoled 2>/dev/null | sed -n 's/.*Overall exposure level[^:]*: \([0-9.]*\).*/\1/p')
note "exposure $exposure"
ok "it is exposed 0.6 at most" awk -v e="$exposure" 'BEGIN { exit !(e != "" && e <= 0.6) }'
is "there is room for many terminals" "$(cat /proc/sys/kernel/pty/max)" 65536
is "and descriptors" "$(awk '/^Max open files/ { print $4 }' /proc/"$(main_pid)"/limits)" 131072

ok "a guest that talks and echoes" xl_create "$(tiny_cfg talker hello echo chatter=50)"
ok "is heard" wait_for 60 console_says talker "chatter 20 "
timeout 100 xl console talker </dev/null >/tmp/shown 2>&1 &
client=$!
ok "xl console shows it" wait_for 60 grep -q "chatter " /tmp/shown
kill $client
wait $client 2>/dev/null
wanted="hello from domain"
ok "its lines are in the journal, by its name" wait_for 60 journal_has XEN_DOMAIN=talker
ok "and by its number" journal_has "XEN_DOMID=$(domid talker)" -t xen-guest
wanted="Xen version"
ok "the hypervisor's too" wait_for 60 journal_has -t xen-hypervisor
# So small are logs here that it has been rotated at once.
ok "its log is on disk" test -s $CONSOLE_LOGS/hypervisor.log.1

mv $CONSOLE_LOGS/guest-talker.log $CONSOLE_LOGS/guest-talker.log.999
pid=$(main_pid)
ok "a reload" timeout 20 systemctl reload xenconsoled
ok "opens logs anew" wait_for 60 console_says talker chatter
is "in the same process" "$(main_pid)" "$pid"

# Some that are taken up together with it.
ok "a crowd" create_many 5 crowd hello chatter=5
n_guests=6
came_back() {
	now=$(main_pid)
	[ "$now" != 0 ] && [ "$now" != "$pid" ] && xenconsoled --stats 2>/dev/null | grep -q ", $n_guests of them served"
}
# A client that stays, through all that follows.
tty=$(guest_node talker console/tty)
mkfifo /tmp/typed
# What xl console starts; told to type what does not come from a terminal.
PATH=$PATH:/usr/lib/xen-4.17/bin xenconsole "$(domid talker)" --type pv --interactive </tmp/typed >/tmp/stays 2>/tmp/stays.err &
client=$!
exec 7>/tmp/typed
stays_says() {
	grep -q -- "$1" /tmp/stays
}
stays_lost() {
	numbers </tmp/stays | awk 'NR > 1 && $1 > last + 1 { n += $1 - last - 1 } { if ($1 > last) last = $1 } END { print n + 0 }'
}
ok "a client comes" wait_for 60 stays_says chatter
for round in 1 2 3 4 5 6 7; do
	pid=$(main_pid)
	began=$(date +%s)
	kill -9 "$pid"
	wait_for 150 came_back >/dev/null || break
	note "back after $(($(date +%s) - began)) s"
done
is "killed seven times, it comes back each time" "$round $(systemctl is-active xenconsoled)" "7 active"
[ "$round" = 7 ] || note "$(systemctl status --no-pager -n 0 xenconsoled 2>&1; timeout 20 journalctl -q -o short-monotonic --no-pager -n 60 _PID=1 + _COMM=xenconsoled)"
before=$(all_files talker | numbers | tail -n 1)
goes_on() {
	[ "$(all_files talker | numbers | tail -n 1)" -gt $((before + 20)) ]
}
ok "the guest is heard again" wait_for 60 goes_on
is "and none of its lines is lost" "$(lost talker)" 0
is "its terminal is the same" "$(guest_node talker console/tty)" "$tty"
wanted="6 pages mapped together"
ok "the last time all were taken up with one call" wait_for 60 journal_has -u xenconsoled
ok "one of the crowd is destroyed, and nothing keeps it" destroyed crowd2
ok "and another" destroyed crowd5
n_guests=4
heard_since() {
	[ "$(all_files crowd3 | numbers | wc -l)" -gt "$heard" ]
}
heard=$(all_files crowd3 | numbers | wc -l)
ok "the rest of it is heard" wait_for 60 heard_since
ok "the client is there" kill -0 $client
before=$(numbers </tmp/stays | tail -n 1)
ok "and hears it" wait_for 60 stays_says "chatter $((before + 40)) "
is "it has missed nothing" "$(stays_lost)" 0
echo typed-after-the-kills >&7
ok "what it types arrives" wait_for 60 stays_says typed-after-the-kills
pid=$(main_pid)
ok "an orderly restart" timeout 30 systemctl restart xenconsoled
ok "is another process" wait_for 60 came_back
is "with the same terminal" "$(guest_node talker console/tty)" "$tty"
echo typed-after-the-restart >&7
ok "the client goes on" wait_for 60 stays_says typed-after-the-restart
is "and has missed nothing" "$(stays_lost)" 0
is "nor heard anything twice by the restart" "$(numbers </tmp/stays | awk -v from="$before" '$1 > from' | sort -n | uniq -d | wc -l)" 0
note "heard twice after seven kills: $(numbers </tmp/stays | sort -n | uniq -d | wc -l) of $(numbers </tmp/stays | wc -l) lines"
exec 7>&-
ok "it stops" timeout 20 systemctl stop xenconsoled
is "by itself" "$(systemctl show -P Result xenconsoled)" success
is "and leaves no terminal in the store" "$(guest_node talker console/tty)" ""
client_gone() {
	! kill -0 $client 2>/dev/null
}
ok "its client ends" wait_for 60 client_gone
ok "its logs stay" test -s $CONSOLE_LOGS/guest-talker.log
