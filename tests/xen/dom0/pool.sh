# SPDX-License-Identifier: GPL-2.0-or-later
# How the scenarios of pools begin, and what they ask.
start_daemons
cfg=$(tiny_cfg tiny hello ready)
before=$(dom0_ports | wc -l)
store_nodes >/tmp/nodes-before
nothing_left() {
	store_nodes >/tmp/nodes-after
	diff /tmp/nodes-before /tmp/nodes-after && [ "$(dom0_ports | wc -l)" = "$before" ] && [ "$(n_domains)" = 0 ] &&
		[ "$(ls /var/lib/xen | grep -vc '^userdata-d\.0\.')" = 0 ] && [ -z "$(ls /run/xencreate)" ]
}
# full POOL N: so many are ready.
full() {
	xencreate pool --status --json "$1" | grep -q "\"ready\":$2,"
}
uuid_of() {
	xl list -v "$1" | awk 'NR == 2 { print $(NF - 2) }'
}
