# SPDX-License-Identifier: GPL-2.0-or-later
# The largest table there is: a Linux guest without a cap is given all 131,071 ports of the FIFO interface.
# limit: 560
# all: no
start_daemons
echo "max_event_channels = '-1'" >>"$(linux_cfg all)"
ok "Linux without a cap" xl_create /tmp/all.cfg
id=$(domid all)
ok "it is up" linux_up all
figure() {
	lsevtchn --domain "$id" --json | awk -F': ' -v member="\"$1\"" '$1 ~ "^ *" member "$" { sub(/,$/, "", $2); print $2; exit }'
}
before=$(figure ports)
is "all ports that it has not" "$(evtchnload fill "$id" 200000 0 2>/dev/null)" "$((131071 - before)) 131071 ENOSPC"
is "lsevtchn counts them" "$(figure ports) $(figure highest_port) $(figure headroom)" "131071 131071 0"
is "as many lines as Debian's" "$(lsevtchn "$id" | wc -l)" "$("$STOCK/lsevtchn" "$id" | wc -l)"
note "a whole audit: $({ time -p lsevtchn --all >/dev/null; } 2>&1 | tr '\n' ' ')"
ok "the guest is destroyed" destroyed all
