# SPDX-License-Identifier: GPL-2.0-or-later
# What a domain costs beyond its hypercalls: the floor and xencreate take turns on one machine.
#   N       how many domains (300)      ROUNDS  how often each (2)
#   WORDS   what the guests do          XENCREATE  further options
#   FIRST   who gets the memory that was never used before: floor, or ours
# limit: 280
N=${N:-300}
ROUNDS=${ROUNDS:-2}
MARKS="100 300 600 1000 2000 3000"

# cpu PID: milliseconds of CPU that the process has used.
cpu() {
	awk '{ sum += $1 } END { printf "%.1f\n", sum / 1e6 }' /proc/"$1"/task/*/schedstat
}
# each MILLISECONDS: for one domain.
each() {
	awk -v ms="$1" -v n="$N" 'BEGIN { printf "%.2f", ms / n }'
}
now_ms() {
	awk '{ printf "%d\n", $1 * 1000 }' /proc/uptime
}
switches() {
	awk '/^ctxt/ { print $2 }' /proc/stat
}
# empty: wait until no domain is left and Xen has wiped their memory, so that the next run begins like the first.
empty() {
	wait_for 60 sh -c "[ \"\$(xl list | tail -n +3 | wc -l)\" = 0 ]"
	sleep 2
}

# take_floor: the bare hypercalls, one domain after the other; /tmp/floor-at has when each was there, in microseconds.
take_floor() {
	floor "$cfg" "$N" >/tmp/floor || give_up "the floor"
	awk '!/^#/ { t += $2 + $3 + $4; print t }' /tmp/floor >/tmp/floor-at
	note "$1: floor $(awk -v n="$N" 'END { printf "%.2f", $1 / n / 1e3 }' /tmp/floor-at) ms a domain:" \
		"$(awk '!/^#/ { s += $2; b += $3; u += $4; n++ } END { printf "shell %.2f build %.2f unpause %.2f", s / n / 1e3, b / n / 1e3, u / n / 1e3 }' /tmp/floor)"
	empty
}
# take_ours: the same by xencreate; /tmp/ours-at as above.
take_ours() {
	store_ms=$(cpu $store_pid) console_ms=$(cpu $console_pid) switches=$(switches) start=$(now_ms)
	# shellcheck disable=SC2086
	xencreate -n "$N" $XENCREATE --timings=/tmp/timings "$cfg" >/tmp/summary || give_up "xencreate"
	took=$(($(now_ms) - start)) switches=$((($(switches) - switches) / N))
	store_ms=$(awk -v a="$store_ms" -v b="$(cpu $store_pid)" 'BEGIN { print b - a }')
	console_ms=$(awk -v a="$console_ms" -v b="$(cpu $console_pid)" 'BEGIN { print b - a }')
	awk '!/^#/ { print $5 }' /tmp/timings | sort -n >/tmp/ours-at
	# "300 of 300 created in 3.47 s (11.58 ms each, 8.58 of it our own CPU time)"
	note "$1: ours $(sed -n '1s/.*(\([0-9.]*\) ms each.*/\1/p' /tmp/summary) ms a domain" \
		"($(each $took) with start and end); CPU: xencreate $(sed -n '1s/.*each, \([0-9.]*\) of it.*/\1/p' /tmp/summary)" \
		"xenstored $(each "$store_ms") xenconsoled $(each "$console_ms"); $switches switches"
	note "$(awk '!/^#/ { for (i = 6; i <= 13; i++) s[i] += $i; n++ } END { printf "stages (with waiting):"; for (i = 6; i <= 13; i++) printf " %.2f", s[i] / n / 1e3; print "" }' /tmp/timings)"
}
# compare: milliseconds a domain, and the ratio, between one number of domains present and the next.
compare() {
	paste /tmp/floor-at /tmp/ours-at | awk -v marks="$MARKS" -v n="$N" -v name="$1" '
		{ floor[NR] = $1; ours[NR] = $2 }
		END {
			m = split(marks, mark, " ")
			last = 0
			for (i = 1; i <= m && last < n; i++) {
				at = mark[i] > n || i == m ? n : mark[i]
				f = (floor[at] - floor[last]) / (at - last) / 1e3
				o = (ours[at] - ours[last]) / (at - last) / 1e3
				printf "%s: up to %4d present: floor %6.2f ours %6.2f ratio %.2f\n", name, at, f, o, o / f
				last = at
			}
			printf "%s: in all: ratio %.2f\n", name, ours[n] / floor[n]
		}'
}

start_daemons
# shellcheck disable=SC2086
cfg=$(tiny_cfg tiny ${WORDS:-hello})
# The machine under us gives memory out when it is touched for the first time; that is none of Xen's work.
if [ "${FIRST:-floor}" = floor ]; then
	take_floor "memory never used before"
else
	take_ours "memory never used before"
	xencreate destroy --all --quiet || give_up "destroying them"
	empty
fi
for round in $(seq "$ROUNDS"); do
	take_floor "round $round"
	take_ours "round $round"
	note "$(compare "round $round")"
	verdict 0 "round $round"
	[ "$round" = "$ROUNDS" ] && cp /tmp/timings /tmp/floor $LOGS
	start=$(now_ms)
	xencreate destroy --all --quiet || give_up "destroying them"
	note "round $round: destroyed at $(each $(($(now_ms) - start))) ms a domain"
	empty
done
