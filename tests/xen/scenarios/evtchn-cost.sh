# SPDX-License-Identifier: GPL-2.0-or-later
# What an audit costs on real Xen, of a large table and of 200 domains, beside the bare loop of hypercalls and Debian's program.
# all: no
# limit: 240
PORTS=${PORTS:-20000}
DOMAINS=${DOMAINS:-200}
start_daemons

# ms COMMAND…: milliseconds that it takes, the mean of five runs, into $spent.
ms() {
	began=$(cut -d' ' -f1 /proc/uptime)
	for round in 1 2 3 4 5; do
		"$@" >/tmp/printed 2>/tmp/errors
	done
	spent=$(awk -v a="$began" -v b="$(cut -d' ' -f1 /proc/uptime)" 'BEGIN { print (b - a) * 200 }')
}
# row NAME COMMAND…: one line of the table.
row() {
	row_name=$1
	shift
	ms "$@"
	[ "$row_name" != "bare loop" ] || floor=$spent
	note "$(printf '%-28s %9.1f ms %8.2f x the bare loop' "$row_name" "$spent" "$(awk -v a="$spent" -v b="$floor" 'BEGIN { print a / b }')")"
}
stock_loop() {
	for id in $(seq 0 "$1"); do
		"$STOCK/lsevtchn" "$id"
	done
}

evtchnload fill 0 "$PORTS" 0 >/tmp/said
n=$(lsevtchn | wc -l)
note "dom0 has $n ports in use; mean of five runs"
is "both programs print as many" "$("$STOCK/lsevtchn" | wc -l)" "$n"
row "bare loop" evtchnload walk 0
row "batched loop" evtchnload walk-batched 0
row "Debian's lsevtchn" "$STOCK/lsevtchn"
row "lsevtchn" lsevtchn
row "lsevtchn --summary" lsevtchn --summary --no-names
large=$spent
row "lsevtchn --all" lsevtchn --all --no-names
ok "an audit costs at most 1.1 x the bare loop" awk -v a="$spent" -v b="$floor" 'BEGIN { exit a > 1.1 * b }'

# Empty domains of two ports each, as dense guests have them; dom0's table is part of it.
first=$(evtchnload make "$DOMAINS" | tail -n 1)
note "$DOMAINS domains more, the last is $first"
row "bare loop" evtchnload walk-all
row "Debian's lsevtchn, each" stock_loop "$first"
row "lsevtchn --all" lsevtchn --all --no-names
ok "nor that of all domains" awk -v a="$spent" -v b="$floor" 'BEGIN { exit a > 1.1 * b }'
row "lsevtchn --all --json" lsevtchn --all --json --no-names
row "lsevtchn --all --openmetrics" lsevtchn --all --openmetrics --no-names
