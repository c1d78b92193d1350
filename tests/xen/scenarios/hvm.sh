# SPDX-License-Identifier: GPL-2.0-or-later
# An HVM guest with its device model costs dom0 what preflight says, and the ports that the hypervisor owns are seen.
# all: no
# limit: 200
# with: device-model
start_daemons
. /share/dom0/hvm.sh

figure() {
	lsevtchn --domain "$1" --json | awk -F'[:,]' -v member="\"$2\"" '$1 ~ member "$" { print $2 + 0; exit }'
}
all_ports() {
	[ "$(figure "$id" ports_in_dom0)" = "$wanted" ]
}
# asked CFG RESOURCE: what the forecast counts for one domain in domain 0, or of its own.
asked() {
	lsevtchn --preflight --json "$1" | awk -F': ' -v resource="\"$2\"," '
		/"resource":/ { mine = $2 == resource }
		/"where":/ { mine = 0 }
		/"requested":/ { if (mine) { sub(/,$/, "", $2); print $2; exit } }'
}

for vcpus in 1 2 4; do
	cfg=$(hvm "hvm$vcpus" $vcpus)
	wanted=$(asked "$cfg" ports)
	ok "an HVM guest of $vcpus" xl_create "$cfg"
	id=$(domid "hvm$vcpus")
	[ -n "$id" ] || give_up "$(tail -n 5 /var/log/xen/qemu-dm-hvm$vcpus.log 2>/dev/null)"
	wait_for 60 all_ports >/dev/null
	is "$vcpus vCPUs: ports of dom0, as forecast" "$(figure "$id" ports_in_dom0)" "$wanted"
	is "$vcpus vCPUs: the hypervisor's own ports in its table" "$(figure "$id" xen)" $((vcpus + 1))
	note "$(lsevtchn --domain "$id" | tail -n +2 | head -n 24)"
	is "the stock listing leaves them out, as Debian's does" "$("$OURS/lsevtchn" "$id")" "$("$STOCK/lsevtchn" "$id")"
	ok "it goes" destroyed "hvm$vcpus"
done
