# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's xl with a Linux guest: made, listed, heard, asked to shut down, destroyed; nothing is left over.
start_daemons
dom0_ports >/tmp/ports-before
store_nodes >/tmp/nodes-before

ok "xl create makes a Linux guest" xl_create "$(linux_cfg linux)"
id=$(domid linux)
ok "xl list shows it" sh -c "xl list | grep -q '^linux .* $id '"
ok "its console speaks" linux_up linux
ok "it wrote to the store" wait_for 60 read_node /local/domain/"$id"/data/hello
note "the guest says it is $(read_node /local/domain/"$id"/data/hello)"
ok "xl console has a terminal for it" test -c "$(read_node /local/domain/"$id"/console/tty)"
ok "xl shutdown" timeout 60 xl shutdown -w linux
ok "it went away" wait_for 60 gone linux

ok "xl create makes another" xl_create "$(linux_cfg second)"
id=$(domid second)
ok "xl destroy" timeout 30 xl destroy second
ok "it is gone" wait_for 60 gone second

left_over() {
	store_nodes >/tmp/nodes-after
	dom0_ports >/tmp/ports-after
	diff /tmp/nodes-before /tmp/nodes-after && diff /tmp/ports-before /tmp/ports-after
}
ok "no node and no port is left over" wait_for 60 left_over
is "no domain is left" "$(n_domains)" 0
