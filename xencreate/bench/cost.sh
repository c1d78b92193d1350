# SPDX-License-Identifier: GPL-2.0-or-later
# What a domain costs beyond its hypercalls: the floor and xencreate take turns on one machine.
#   N       how many domains (300)      ROUNDS  how often each (2)
#   WORDS   what the guests do          XENCREATE  further options
# limit: 280
N=${N:-300}
ROUNDS=${ROUNDS:-2}

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
# empty: wait until no domain is left, so that the next run begins like the first.
empty() {
	wait_for 60 sh -c "[ \"\$(xl list | tail -n +3 | wc -l)\" = 0 ]"
}

start_daemons
cfg=$(tiny_cfg tiny ${WORDS:-hello})
for round in $(seq "$ROUNDS"); do
	floor "$cfg" "$N" >/tmp/floor || give_up "the floor"
	empty
	note "round $round: floor $(each "$(sed -n 's/^# .* in \([0-9]*\) us/\1/p' /tmp/floor | awk '{ print $1 / 1000 }')") ms a domain:" \
		"$(awk '!/^#/ { s += $2; b += $3; u += $4; n++ } END { printf "shell %.2f build %.2f unpause %.2f", s / n / 1e3, b / n / 1e3, u / n / 1e3 }' /tmp/floor)"
	store_ms=$(cpu $store_pid) console_ms=$(cpu $console_pid) start=$(now_ms)
	xencreate -n "$N" $XENCREATE --timings=/tmp/timings "$cfg" >/tmp/summary || give_up "xencreate"
	took=$(($(now_ms) - start))
	store_ms=$(awk -v a="$store_ms" -v b="$(cpu $store_pid)" 'BEGIN { print b - a }')
	console_ms=$(awk -v a="$console_ms" -v b="$(cpu $console_pid)" 'BEGIN { print b - a }')
	# "300 of 300 created in 3.47 s (11.58 ms each, 8.58 of it our own CPU time)"
	note "round $round: ours $(sed -n '1s/.*(\([0-9.]*\) ms each.*/\1/p' /tmp/summary) ms a domain" \
		"($(each $took) with start and end); CPU: xencreate $(sed -n '1s/.*each, \([0-9.]*\) of it.*/\1/p' /tmp/summary)" \
		"xenstored $(each "$store_ms") xenconsoled $(each "$console_ms")"
	note "$(awk '!/^#/ { for (i = 6; i <= 13; i++) s[i] += $i; n++ } END { printf "stages (with waiting):"; for (i = 6; i <= 13; i++) printf " %.2f", s[i] / n / 1e3; print "" }' /tmp/timings)"
	verdict 0 "round $round"
	[ "$round" = "$ROUNDS" ] && cp /tmp/timings /tmp/floor $LOGS
	start=$(now_ms)
	xencreate destroy --all --quiet || give_up "destroying them"
	note "round $round: destroyed at $(each $(($(now_ms) - start))) ms a domain"
	empty
done
