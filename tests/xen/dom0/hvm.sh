# SPDX-License-Identifier: GPL-2.0-or-later
# For scenarios "with: device-model": the device model's data, and a config.
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
