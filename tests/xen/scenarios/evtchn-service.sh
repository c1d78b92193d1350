# SPDX-License-Identifier: GPL-2.0-or-later
# The service that watches over event channels, and the preflight before domains start at boot.
# all: no
# bed: systemd
# limit: 180
start_daemons
units=/run/systemd/system

# installed FILE TARGET: a unit of ours, with our program where it is here.
installed() {
	mkdir -p "$(dirname "$2")"
	sed "s,/[^ ']*/lsevtchn,$OURS/lsevtchn,; s,^\[Service\],[Service]\nEnvironment=LD_LIBRARY_PATH=$LD_LIBRARY_PATH," "$OURS/$1" >"$2"
}
installed xen-evtchn-watch.service $units/xen-evtchn-watch.service
metrics=/run/xen-evtchn/xen-evtchn.prom

# metric SERIES: its value.
metric() {
	awk -v series="$1" '$1 == series { print $2 }' $metrics
}
metric_is() {
	[ "$(metric "$1")" = "$2" ]
}

systemctl daemon-reload
ok "the service starts, and says when it works" timeout 30 systemctl start xen-evtchn-watch
[ -e $metrics ] || give_up "it exports nothing: $(systemctl status --no-pager xen-evtchn-watch 2>&1 | tail -n 5)"
is "it exports what it saw" "$(metric xen_evtchn_domains)" 1
ok "a guest" xl_create "$(tiny_cfg born hello)"
ok "is seen at once" wait_for 60 metric_is "xen_evtchn_ports{domid=\"$(domid born)\",name=\"born\"}" 2
xl destroy born
ok "and its end" wait_for 60 metric_is xen_evtchn_domains 1
pid=$(systemctl show -P MainPID xen-evtchn-watch)
kill -9 "$pid"
ok "killed, it comes back" wait_for 60 sh -c "[ \$(systemctl show -P MainPID xen-evtchn-watch) -gt 1 ]"
exposure=$(systemd-analyze security --no-pager xen-evtchn-watch 2>/dev/null | sed -n 's/.*Overall exposure level[^:]*: \([0-9.]*\).*/\1/p')
note "exposure $exposure"
ok "it is exposed 0.6 at most" awk -v e="$exposure" 'BEGIN { exit !(e != "" && e <= 0.6) }'
ok "others may read what it exports" wait_for 60 sh -c "[ \$(stat -c %a $metrics) = 644 ]"
ok "it stops" timeout 20 systemctl stop xen-evtchn-watch

# Domains at boot: a stand-in for the script that would start them, which is masked here.
cat >$units/bootdomains.service <<-UNIT
	[Service]
	Type=oneshot
	ExecStart=/bin/touch /run/domains-started
UNIT
installed 50-lsevtchn-preflight.conf $units/bootdomains.service.d/50-lsevtchn-preflight.conf
mkdir -p /etc/xen/auto
cp "$(tiny_cfg auto hello)" /etc/xen/auto/auto.cfg
systemctl daemon-reload
ok "domains that fit are started" timeout 30 systemctl start bootdomains
ok "they were" test -e /run/domains-started
rm -f /run/domains-started
echo 'max_event_channels = 1' >>/etc/xen/auto/auto.cfg
fails "one that cannot start holds them back" timeout 30 systemctl start bootdomains
fails "they were not started" test -e /run/domains-started
echo 'vcpus = "many"' >>/etc/xen/auto/auto.cfg
ok "what cannot be said does not" timeout 30 systemctl start bootdomains
