# SPDX-License-Identifier: GPL-2.0-or-later
# A pool as a service in its sandbox: ready, asked, killed, restarted, stopped; and a Linux guest from a pool.
# all: no
# bed: systemd
# limit: 240
start_daemons
units=/run/systemd/system
mkdir -p $units
sed "s,/[^ ']*/xencreate pool,$OURS/xencreate pool,; s,^\[Service\],[Service]\nEnvironment=LD_LIBRARY_PATH=$LD_LIBRARY_PATH," \
	"$OURS/xencreate-pool@.service" >"$units/xencreate-pool@.service"
# The daemons of this bed are no services, and kernels lie where the sandbox shows nothing.
sed -i '/^Wants=xenstored/d' "$units/xencreate-pool@.service"
mkdir -p /etc/xen/pools
cp "$(tiny_cfg tiny hello ready)" /etc/xen/pools/tiny.cfg
cp "$GUESTS/guest" /etc/xen/pools/kernel
sed -i 's,^kernel.*,kernel = "/etc/xen/pools/kernel",' /etc/xen/pools/tiny.cfg
echo 'XENCREATE_POOL_ARGS=--size=3' >/etc/default/xencreate-pool-tiny
full() {
	xencreate pool --status --json "$1" | grep -q "\"ready\":$2,"
}
main_pid() {
	systemctl show -P MainPID xencreate-pool@tiny
}
systemctl daemon-reload
ok "the service starts" timeout 30 systemctl start xencreate-pool@tiny
[ "$(systemctl is-active xencreate-pool@tiny)" = active ] || give_up "it does not: $(journalctl -u xencreate-pool@tiny --no-pager | tail -n 8)"
ok "it fills up" wait_for 60 full tiny 3
ok "one is taken" xencreate --from-pool=tiny --name=a --wait=ready
ok "it is heard" wait_for 60 console_says a "hello from domain $(domid a) a"
exposure=$(systemd-analyze security --no-pager xencreate-pool@tiny 2>/dev/null | sed -n 's/.*Overall exposure level[^:]*: \([0-9.]*\).*/\1/p')
note "exposure $exposure"
ok "it is exposed 0.6 at most" awk -v e="$exposure" 'BEGIN { exit !(e != "" && e <= 0.6) }'
ok "it fills up again" wait_for 60 full tiny 3
mine=$(xl list | awk '/^pool-tiny-/ { print $2 }' | sort -n | tr '\n' ' ')
pid=$(main_pid)
kill -9 "$pid"
ok "killed, it comes back" wait_for 60 full tiny 3
ok "as another process" test "$(main_pid)" != "$pid"
ok "a restart" timeout 60 systemctl restart xencreate-pool@tiny
ok "it is there again" wait_for 60 full tiny 3
is "with the very same domains" "$(xl list | awk '/^pool-tiny-/ { print $2 }' | sort -n | tr '\n' ' ')" "$mine"
cp /etc/xen/pools/kernel /etc/xen/pools/new && mv /etc/xen/pools/new /etc/xen/pools/kernel
ok "another kernel" xencreate --from-pool=tiny --name=b --wait=ready
ok "is in those that are given from then on" sh -c "! echo ' $mine' | grep -q ' $(domid b) '"
ok "a batch while it fills" xencreate -n 20 --wait=ready --name=batch-%d /etc/xen/pools/tiny.cfg
ok "it stops" timeout 60 systemctl stop xencreate-pool@tiny
is "and takes its domains along" "$(xl list | grep -c '^pool-')" 0
ok "destroy the rest" xencreate destroy --all

cp "$(linux_cfg linux)" /etc/xen/pools/linux.cfg
xencreate pool --size=1 /etc/xen/pools/linux.cfg &
pool=$!
ok "a pool of Linux guests" wait_for 60 full linux 1
ok "one is taken" xencreate --from-pool=linux --name=l1
ok "it is up" linux_up l1
ok "xl shutdown" timeout 60 xl shutdown -w l1
kill $pool
wait $pool
ok "destroy it" xencreate destroy --all
