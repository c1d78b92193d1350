# SPDX-License-Identifier: GPL-2.0-or-later
# ./demo's part inside dom0. Lines that begin with "@" are for the program outside, which draws them; the creator's
# events go there too, in their own form (JSON).
#   N          how many domains
#   IN_FLIGHT  how many at once (0: the creator's own choice)
now() {
	cut -d' ' -f1 /proc/uptime
}

# answers NODE: this node of every guest, one line each, in as few calls as fit. Guests without it give none.
answers() {
	sed "s,.*,/local/domain/&/$1," /tmp/domids | xargs -n 50 timeout 60 xenstore-read 2>/dev/null
}

# store_cpu: how long xenstored has run by now (ns).
store_cpu() {
	read -r store_ns _ </proc/"$store_pid"/schedstat
	echo "@store-cpu $store_ns"
}

# relay FILE PID: what the process writes to the file goes out a few times a second, so that the share costs it nothing.
relay() {
	exec 3<"$1"
	relay_on=yes
	while [ "$relay_on" ]; do
		running "$2" && sleep 0.2 || relay_on=
		cat <&3
		store_cpu
	done
}

# settle SECONDS FILE COMMAND…: repeats the command until it gives N lines or the time is over.
settle() {
	settle_end=$(($(date +%s) + $1))
	settle_file=$2
	shift 2
	while "$@" >"$settle_file" && [ "$(wc -l <"$settle_file")" -lt "$N" ] && [ "$(date +%s)" -lt $settle_end ]; do
		sleep 1
	done
}
greetings() {
	grep -l "hello from domain" $CONSOLE_LOGS/guest-guest*.log 2>/dev/null
}

echo "@phase daemons"
start_daemons
dom0_ports >/tmp/ports-before
store_nodes >/tmp/nodes-before

echo "@phase create"
set -- --json -n "$N" --name=guest%d
[ "$IN_FLIGHT" = 0 ] || set -- "$@" --max-in-flight="$IN_FLIGHT"
: >/tmp/events
store_cpu
xencreate "$@" "$(tiny_cfg guest hello ping=10)" >/tmp/events 2>"$LOGS/xencreate.log" &
creator=$!
relay /tmp/events $creator
wait $creator || {
	note "$(tail -n 5 "$LOGS/xencreate.log")"
	give_up "xencreate makes $N domains"
}
sed -n 's/^{"event":"created".*"domid":\([0-9]*\).*/\1/p' /tmp/events >/tmp/domids
verdict 0 "$N domains are created"

echo "@phase answers"
settle 120 /tmp/counts answers data/ping/count
is "every guest has answered through the store" "$(wc -l </tmp/counts)" "$N"
answers data/ping/errors >/tmp/errors
is "none saw an error" "$(sort -u /tmp/errors)" 0
awk '{ n += $1 } END { printf "@pings %d %d\n", NR, n }' /tmp/counts
answers data/ping/us | awk '{ sum += $2; if ($3 > max) max = $3 } END { if (NR) printf "@ping-us %d %d\n", sum / NR, max }'
settle 120 /tmp/greetings greetings
is "every console has spoken" "$(wc -l </tmp/greetings)" "$N"
echo "@consoles $(wc -l </tmp/greetings)"

echo "@phase look"
some=$(sed -n "$((N / 2 + 1))p" /tmp/greetings)
echo "@console-of $(basename "$some" .log)"
sed 's/^/@console /' "$some"
if [ -x "$OURS/lsevtchn" ]; then
	timeout 60 "$OURS/lsevtchn" --summary | sed 's/^/@ports /'
fi
echo "@memory $(free -m | awk '/^Mem:/ { print $3 }') $(xl info 2>/dev/null | awk '/^free_memory/ { print $3 }')"
for name in xenstored xenconsoled; do
	case $name in
	xenstored) pid=$store_pid ;;
	*) pid=$console_pid ;;
	esac
	awk -v name=$name '/^VmRSS/ { print "@daemon", name, $2 }' /proc/"$pid"/status
done

echo "@phase destroy"
timeout 200 xencreate destroy --all --json >/tmp/destroyed 2>>"$LOGS/xencreate.log"
is "all of them are destroyed" "$(grep -c '"event":"destroyed"' /tmp/destroyed)" "$N"
echo "@destroyed $(sed -n 's/.*"event":"summary".*"took_us":\([0-9]*\).*/\1/p' /tmp/destroyed)"
# gone_without_trace: no domain, and dom0's ports, the store's nodes and libxl's files are as before.
gone_without_trace() {
	dom0_ports >/tmp/ports-after
	store_nodes >/tmp/nodes-after
	cmp /tmp/ports-before /tmp/ports-after && cmp /tmp/nodes-before /tmp/nodes-after && [ "$(n_domains)" = 0 ] &&
		[ "$(ls /var/lib/xen | grep -vc '^userdata-d\.0\.')" = 0 ]
}
ok "nothing is left of them" wait_for 60 gone_without_trace
