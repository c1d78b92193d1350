# SPDX-License-Identifier: GPL-2.0-or-later
# the test matrix of scalability studies: 1, 2, 4 ... N domains, unbound and pinned; its table comes back with --results
#   N  up to so many domains (128)
# limit: 280
# all: no
N=${N:-128}
start_daemons
cfg=$(tiny_cfg tiny hello ready)
store_nodes >/tmp/nodes-before

# every COLUMN: what the table has there, a line each.
every() {
	sed 1d $LOGS/matrix.tsv | cut -f"$1"
}
nothing_left() {
	store_nodes >/tmp/nodes-after
	diff /tmp/nodes-before /tmp/nodes-after && [ "$(n_domains)" = 0 ]
}
# from LEAST WORDS…: no number is below it.
all_above() {
	least=$1
	shift
	for number; do
		awk -v n="$number" -v least="$least" 'BEGIN { exit !(n > least) }' || return
	done
}

ok "the matrix goes up to $N domains, under two placements" timeout 250 xencreate-matrix -n "$N" --output="$LOGS" "$cfg"
note "$(cat "$LOGS/matrix.txt")"
sizes=$(n=1; while [ $n -lt "$N" ]; do printf '%s ' $n; n=$((n * 2)); done; echo "$N")
is "each number of domains, unbound and pinned" "$(every 2 | tr '\n' ' ')" "$sizes $sizes "
is "each placement" "$(every 1 | sort | uniq -c | awk '{ print $2, $1 }' | tr '\n' ' ')" \
	"free $(echo "$sizes" | wc -w) pin $(echo "$sizes" | wc -w) "
# shellcheck disable=SC2046
ok "creation, the way to ready, and removal took time" all_above 0 $(every 3) $(every 4) $(every 6)
# shellcheck disable=SC2046
ok "and CPU time and memory of the daemons" all_above 0 $(every 7) $(every 8) $(every 9) $(every 10)
ok "nothing is left of them" wait_for 60 nothing_left
fails "a placement that there is not" xencreate-matrix -n 1 --placements=nowhere --output=/tmp/none "$cfg"
