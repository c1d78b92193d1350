# SPDX-License-Identifier: GPL-2.0-or-later
# An HVM guest with its device model costs dom0 what preflight says, and the ports that the hypervisor owns are seen.
# all: no
# limit: 200
# Of Debian's qemu-system-xen, xen-utils, seabios and qemu-system-data dom0 has nothing:
# tests/xen/run --with xen-qemu-system-i386 --with hvmloader --with bios-256k.bin --with keymaps/en-us hvm
for file in xen-qemu-system-i386 hvmloader bios-256k.bin en-us; do
	[ -e "$OURS/$file" ] || {
		skip "an HVM guest" "no $file is given (--with)"
		finish
	}
done
start_daemons
chmod +x "$OURS/xen-qemu-system-i386"
mkdir -p /tmp/data/keymaps
cp "$OURS/en-us" /tmp/data/keymaps

# hvm NAME VCPUS: a guest that runs its BIOS and finds nothing to boot.
hvm() {
	cat >"/tmp/$1.cfg" <<-CFG
		name = "$1"
		type = "hvm"
		memory = 32
		vcpus = $2
		firmware_override = "$OURS/hvmloader"
		bios_path_override = "$OURS/bios-256k.bin"
		device_model_override = "$OURS/xen-qemu-system-i386"
		vkb_device = 0
		vnc = 0
		sdl = 0
		nographic = 1
		device_model_args = [ "-L", "/tmp/data" ]
		vga = "none"
	CFG
	echo "/tmp/$1.cfg"
}
figure() {
	lsevtchn --domain "$1" --json | awk -F'[:,]' -v member="\"$2\"" '$1 ~ member "$" { print $2 + 0; exit }'
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
	sleep 2
	is "$vcpus vCPUs: ports of dom0, as forecast" "$(figure "$id" ports_in_dom0)" "$wanted"
	is "$vcpus vCPUs: the hypervisor's own ports in its table" "$(figure "$id" xen)" $((vcpus + 1))
	note "$(lsevtchn --domain "$id" | tail -n +2 | head -n 24)"
	is "the stock listing leaves them out, as Debian's does" "$("$OURS/lsevtchn" "$id")" "$("$STOCK/lsevtchn" "$id")"
	ok "it goes" destroyed "hvm$vcpus"
done
