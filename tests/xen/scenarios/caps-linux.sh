# SPDX-License-Identifier: GPL-2.0-or-later
# Caps of a Linux guest, in both ranges of the FIFO interface.
# all: no
. /share/dom0/caps.sh
start_daemons
# A Linux guest speaks FIFO, which opens the range above 4,095 once it runs.
for cap in 1023 8191; do
	ok "Linux with cap $cap" xl_create "$(capped "linux$cap" $cap "$(linux_cfg "linux$cap")")"
	id=$(domid "linux$cap")
	ok "it is up" linux_up "linux$cap"
	before=$(figure "$id" ports)
	got=$(evtchnload fill "$id" 99999 0 2>/dev/null)
	is "cap $cap: all ports up to it" "$got" "$((cap - before)) $cap ENOSPC"
	is "cap $cap: lsevtchn counts them" "$(figure "$id" ports) $(figure "$id" highest_port) $(figure "$id" headroom)" "$cap $cap 0"
	proof=$(lsevtchn --domain "$id" | awk '/^  interface/ { print $2, $3 }')
	[ $cap = 1023 ] && wanted="2l-64, unknown:" || wanted="fifo, proven:"
	is "cap $cap: what the table tells of the interface" "$proof" "$wanted"
	xl destroy "linux$cap"
done
