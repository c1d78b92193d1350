# SPDX-License-Identifier: GPL-2.0-or-later
# How the scenarios of pools begin, and what they ask.
start_daemons
cfg=$(tiny_cfg tiny hello ready)
left_over >/tmp/left-before
# full POOL N: so many are ready.
full() {
	xencreate pool --status --json "$1" | grep -q "\"ready\":$2,"
}
uuid_of() {
	xl list -v "$1" | awk 'NR == 2 { print $(NF - 2) }'
}
