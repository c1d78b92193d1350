# SPDX-License-Identifier: GPL-2.0-or-later
# What one domain alone costs: how long a whole run of the program takes for it, what of that is there before the domain begins,
# and which share of the domain's own way could be done before anybody asks for it (shell and build).
#   N  how many, one after the other (50)
# limit: 240
N=${N:-50}

now_ms() {
	awk '{ printf "%d\n", $1 * 1000 }' /proc/uptime
}
# runs OPTIONS…: milliseconds for one run of the program, of 20, each with another number for its domain.
runs() {
	start=$(now_ms)
	for number in $(seq 20); do
		xencreate --first="$number" "$@" >/dev/null || echo "failed: $*"
	done
	awk -v ms=$(($(now_ms) - start)) 'BEGIN { printf "%.1f", ms / 20 }'
}

start_daemons
cfg=$(tiny_cfg tiny hello)
for present in 0 100 200; do
	[ $present = 0 ] || ok "100 more are there" xencreate -n 100 --name=present-$present-%d --quiet "$cfg"
	ok "$N, one after the other" xencreate -n "$N" --max-in-flight=1 --timings=/tmp/timings "$cfg"
	note "$present present, a domain's own way, ms: $(sed 1d /tmp/said | awk '{ print $1, $2 }' | tr '\n' ' ')"
	note "$(awk '!/^#/ { early += $6 + $7; all += $5 - $4 } END { printf "shell and build: %.0f %% of it", 100 * early / all }' /tmp/timings)"
	note "whole runs, ms: --version $(runs --version), --dry-run $(runs --dry-run --name=dry-%d "$cfg")," \
		"one domain $(runs --quiet --name=one-%d "$cfg"), without a forecast $(runs --quiet --no-preflight --name=two-%d "$cfg")"
	ok "removed" xencreate destroy --quiet 'tiny-*' 'one-*' 'two-*'
done
