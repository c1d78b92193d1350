# SPDX-License-Identifier: GPL-2.0-or-later
# Our Debian packages (packaging/test has more) under a real systemd: they start our daemons, and go without a guest noticing (--with each of build/gcc/deb/*.deb).
# bed: systemd
# limit: 240
# all: no
set -- "$OURS"/xenscale*.deb
[ $# -ge 2 ] && [ -e "$1" ] || give_up "packages: make -C build/gcc deb, and --with each of them"

rm -f /etc/systemd/system/xen.service /usr/sbin/policy-rc.d
unit_file() {
	systemctl show -P FragmentPath xen.service
}
systemctl daemon-reload
is "the host starts by Debian's script" "$(unit_file)" /run/systemd/generator.late/xen.service
# The libraries that they depend on are not in this small Debian, but beside our programs.
ok "they install" dpkg --force-depends -i "$OURS"/xenscale_*.deb "$OURS"/xenscale-daemons_*.deb
is "now by our unit" "$(unit_file)" /lib/systemd/system/xen.service
fails "and not started by itself" systemctl is-active --quiet xenstored.service
for unit in xenstored xenconsoled; do
	mkdir -p /run/systemd/system/$unit.service.d
	printf '[Service]\nEnvironment=LD_LIBRARY_PATH=%s\n' "$LD_LIBRARY_PATH" >/run/systemd/system/$unit.service.d/libraries.conf
done
rm -rf /run/xen /run/xenstored
ok "folders are made" systemd-tmpfiles --create /usr/lib/tmpfiles.d/xenscale.conf
systemctl daemon-reload
ok "the daemons of the host start" timeout 60 systemctl start xen.service
ok "the store answers" wait_for 60 store_answers
main_pid() {
	systemctl show -P MainPID "$1.service"
}
store=$(main_pid xenstored) console=$(main_pid xenconsoled)
for pid in $store $console; do
	is "process $pid is the package's" "$(readlink /proc/$pid/exe | sed 's,/[^/]*$,,')" /usr/lib/xenscale/sbin
done
ok "xencreate of the package makes a guest" /usr/sbin/xencreate --wait=ready "$(tiny_cfg guest hello ready ping=0,100)"
pings() {
	guest_node guest data/ping/count
}
ok "it pings" wait_for 60 sh -c "[ \$(xenstore-read /local/domain/$(domid guest)/data/ping/count) -gt 3 ]"

ok "they install once more" dpkg --force-depends -i "$OURS"/xenscale_*.deb "$OURS"/xenscale-daemons_*.deb
is "and both daemons are the same processes" "$(main_pid xenstored) $(main_pid xenconsoled)" "$store $console"
ok "the new ones are taken by a restart" timeout 60 systemctl restart xenstored.service xenconsoled.service
before=$(pings)
went_on() {
	[ "$(pings)" -gt "$((before + 3))" ]
}
ok "without the guest noticing" wait_for 60 went_on

store=$(main_pid xenstored) console=$(main_pid xenconsoled)
ok "the units go" dpkg --force-depends -P xenscale-daemons
systemctl daemon-reload # as the next boot reads it
is "the host starts by Debian's script again" "$(unit_file)" /run/systemd/generator.late/xen.service
ok "what runs goes on: the store" running "$store"
ok "and the consoles" running "$console"
before=$(pings)
ok "and the guest" wait_for 60 went_on
ok "the guest ends" destroyed guest
