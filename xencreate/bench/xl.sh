# SPDX-License-Identifier: GPL-2.0-or-later
# The same guest by a loop of "xl create -e" and by xencreate, on one real Xen: how many times faster?
#   N       how many domains each (30)
# limit: 280
N=${N:-30}

now_ms() {
	awk '{ printf "%d\n", $1 * 1000 }' /proc/uptime
}
empty() {
	wait_for 60 sh -c "[ \"\$(xl list | tail -n +3 | wc -l)\" = 0 ]"
}

start_daemons
for round in 1 2; do
	for number in $(seq "$N"); do
		tiny_cfg loop$number hello >/dev/null
	done
	start=$(now_ms)
	for number in $(seq "$N"); do
		xl create -q -e /tmp/loop$number.cfg || give_up "xl create"
	done
	loop=$(($(now_ms) - start))
	is "the loop has made them" "$(n_domains)" "$N"
	xencreate destroy --all --quiet
	empty
	start=$(now_ms)
	xencreate -n "$N" --quiet "$(tiny_cfg ours hello)" || give_up "xencreate"
	ours=$(($(now_ms) - start))
	is "xencreate has made them" "$(n_domains)" "$N"
	xencreate destroy --all --quiet
	empty
	note "round $round: $N domains: xl create -e $loop ms, xencreate $ours ms, with start and end of the programs:" \
		"$(awk -v a=$loop -v b=$ours 'BEGIN { printf "%.1f times faster", a / b }')"
done
