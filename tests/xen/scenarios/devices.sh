# SPDX-License-Identifier: GPL-2.0-or-later
# Vifs and disks: what xencreate leaves in the store is what xl leaves; guests use them; nothing is left over.
# bed: systemd
# limit: 280
# all: no
modprobe -a bridge xen-netback xen-blkback loop || give_up "the backends' modules are there"
ip link add xenbr0 type bridge && ip addr add 10.0.0.1/24 dev xenbr0 && ip link set xenbr0 up || give_up "a bridge"
start_daemons
for name in a b; do
	dd if=/dev/zero of=/tmp/$name.img bs=64k count=16 2>/dev/null
	echo "this is $name" | dd of=/tmp/$name.img conv=notrunc 2>/dev/null
done
# device_cfg NAME: a Linux guest with two vifs and two disks; more lines come from standard input.
device_cfg() {
	linux_cfg "$1" >/dev/null
	sed -i 's,^cmdline.*,cmdline = "console=hvc0 quiet net=10.0.0.2/24 ping=10.0.0.1 read=xvda",; s/^memory.*/memory = 96/' "/tmp/$1.cfg"
	cat >>"/tmp/$1.cfg"
	echo "/tmp/$1.cfg"
}
cfg=$(device_cfg dev <<-'END'
	vif = [ "mac=00:16:3e:01:02:03,rate=10Mb/s@20ms,mtu=1400", "bridge=xenbr0,mac=00:16:3e:01:02:04,untrusted" ]
	disk = [ "/tmp/a.img,raw,xvda,w", "format=raw,vdev=hdc,access=r,target=/dev/loop7" ]
END
)
losetup /dev/loop7 /tmp/b.img
# devices ID: all nodes about a domain's devices, with their permissions, without its number and what scripts and ends write.
devices() {
	xenstore-ls -fp | grep -E '/(vif|vbd)/|/(vif|vbd) =' | grep -vE '/(node|physical-device|physical-device-path) =' |
		sed -E "s,/(domain|libxl|backend/vif|backend/vbd)/$1(/| =|\"),/\1/N\2,g; s/(frontend-id = )\"$1\"/\1\"N\"/; s/([(,])([nr])$1([,)])/\1\2N\3/g" | sort
}
leftovers() {
	store_nodes
	ls /sys/class/net
	losetup -a | sed 's/:.*//'
	ls /var/lib/xen /run/xen-hotplug 2>/dev/null
	dom0_ports
}
mkdir -p /run/xen-hotplug
leftovers >/tmp/before
nothing_left() {
	leftovers >/tmp/after
	diff /tmp/before /tmp/after && [ "$(n_domains)" = 0 ]
}

ok "xl makes it" timeout 60 xl create -q -e -p "$cfg"
id=$(domid dev)
devices "$id" >/tmp/xl
xl list -l dev | sed '/"domid": [0-9]*,$/d; /"uuid"/d' >/tmp/xl-l
ok "xencreate destroys it" xencreate destroy dev
ok "nothing is left" wait_for 60 nothing_left
ok "xencreate makes it" xencreate --paused --json "$cfg"
cp /tmp/said /tmp/events
note "$(grep '"devices"' /tmp/events | tail -n 1)"
id=$(domid dev)
devices "$id" >/tmp/ours
ok "with the same nodes" diff /tmp/xl /tmp/ours
is "which are many" "$(awk 'END { print (NR > 90) }' /tmp/ours)" 1
xl list -l dev | sed '/"domid": [0-9]*,$/d; /"uuid"/d' >/tmp/ours-l
for what in '"disks"' '"nics"'; do
	for file in /tmp/xl-l /tmp/ours-l; do
		sed -n "/$what: /,/^            ]/p" $file | grep -v -e colo_restore | sed 's/,$//' >$file.part
	done
	ok "xl list -l knows its $what as its own" diff /tmp/xl-l.part /tmp/ours-l.part
done
is "xl network-list" "$(xl network-list dev | awk 'NR > 1 { print $3, $5 }' | tr '\n' ' ')" "00:16:3e:01:02:03 1 00:16:3e:01:02:04 1 "
is "xl block-list" "$(xl block-list dev | awk 'NR > 1 { print $1, $4 }' | sort | tr '\n' ' ')" "51712 1 5632 1 "
ok "its script has put the vif on the bridge" test -e "/sys/class/net/xenbr0/brif/vif$id.0"
ok "unpaused, it runs" xl unpause dev
ok "domain 0 answers it over its vif" wait_for 60 sh -c "[ \"\$(xenstore-read /local/domain/\$(xl domid dev)/data/ping)\" = answered ]"
[ "$(guest_node dev data/ping)" = answered ] || { state_of dev >"$LOGS/state-dev.log" 2>&1; }
ok "it reads its disk" wait_for 60 sh -c "[ \"\$(xenstore-read /local/domain/\$(xl domid dev)/data/disk)\" = 'this is a' ]"
is "its address is the config's" "$(guest_node dev data/mac)" 00:16:3e:01:02:03
ok "a second one with this address is refused" sh -c "! xencreate --name=other $cfg 2>/tmp/errors && grep -q 00:16:3e:01:02:03 /tmp/errors"
ok "xl network-detach" timeout 30 xl network-detach dev 1
ok "xl block-detach" timeout 30 xl block-detach dev hdc
ok "xl list -l knows that too" sh -c "! xl list -l dev | grep -q -e 00:16:3e:01:02:04 -e hdc"
ok "xl destroys it" timeout 60 xl destroy dev
ok "nothing is left" wait_for 60 nothing_left

# Small guests, which do not look at their device.
echo 'vif = [ "" ]' >>"$(tiny_cfg many hello ready)"
ok "three with devices" xencreate -n 3 --wait=ready /tmp/many.cfg
is "each has an address of its own" "$(xenstore-ls -f /local/domain/0/backend/vif | grep '/mac =' | sed 's/.*= //' | sort -u | wc -l)" 3
is "all are on the bridge" "$(ls /sys/class/net/xenbr0/brif | wc -l)" 3
ok "destroy them" xencreate destroy --all
ok "nothing is left" wait_for 60 nothing_left

# kill_one: a batch is killed while its scripts run.
kill_one() {
	xencreate -q -n 3 --json /tmp/many.cfg >/tmp/events 2>&1 &
	victim=$!
	wait_for 60 grep -q '"stage":"introduce"' /tmp/events
	kill -9 $victim && [ "$(grep -c '"event":"created"' /tmp/events)" -lt 3 ]
	verdict $? "a batch is killed among its scripts"
	wait $victim 2>/dev/null
}
kill_one
ok "--rollback takes the devices down" xencreate --rollback --all
ok "nothing is left" wait_for 60 nothing_left
kill_one
ok "--resume makes the rest" xencreate --resume
is "all of it" "$(n_domains)" 3
ok "destroy them" xencreate destroy --all
ok "nothing is left" wait_for 60 nothing_left

# What goes wrong.
sed 's/vif = .*/vif = [ "bridge=nobridge" ]/' /tmp/many.cfg >/tmp/bad.cfg
ok "a script that fails, fails the domain" sh -c "! xencreate /tmp/bad.cfg 2>/tmp/errors"
ok "and says why" sh -c "grep -q 'Could not find bridge device nobridge' /tmp/errors || { cat /tmp/errors; false; }"
ok "nothing is left" wait_for 60 nothing_left
