# SPDX-License-Identifier: GPL-2.0-or-later
# The largest table there is: a Linux guest without a cap is given all 131,071 ports of the FIFO interface.
# limit: 560
# all: no
. /share/dom0/caps.sh
start_daemons
echo "max_event_channels = '-1'" >>"$(linux_cfg all)"
ok "Linux without a cap" xl_create /tmp/all.cfg
id=$(domid all)
ok "it is up" linux_up all
before=$(figure "$id" ports)
is "all ports that it has not" "$(evtchnload fill "$id" 200000 0 2>/dev/null)" "$((131071 - before)) 131071 ENOSPC"
is "lsevtchn counts them" "$(figure "$id" ports) $(figure "$id" highest_port) $(figure "$id" headroom)" "131071 131071 0"
is "as many lines as Debian's" "$(lsevtchn "$id" | wc -l)" "$("$STOCK/lsevtchn" "$id" | wc -l)"
note "a whole audit: $({ time -p lsevtchn --all >/dev/null; } 2>&1 | tr '\n' ' ')"
ok "the guest is destroyed" destroyed all
