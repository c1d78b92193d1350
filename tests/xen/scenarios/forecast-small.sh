# SPDX-License-Identifier: GPL-2.0-or-later
# The forecast comes true on a dom0 with few of something: mapped grants, and ports under the 2-level interface.
# all: no
# limit: 240
# dom0: xen.fifo_events=0
# xen: gnttab_max_maptrack_frames=1
start_daemons
cfg=$(tiny_cfg guest hello)

# forecast N: into /tmp/forecast; figure MEMBER: one number or word of it.
forecast() {
	lsevtchn --preflight --json --reserve=0 -n "$1" "$cfg" >/tmp/forecast
}
figure() {
	awk -F': ' -v member="\"$1\"" '$1 ~ "^ *" member "$" { gsub(/[",]/, "", $2); print $2; exit }' /tmp/forecast
}
# made: domains that run now.
made() {
	lsevtchn --all --no-names --json | grep -c '"state": "running"'
}
# until_refused NAME: makes domains one after the other until one cannot be made; prints how many were.
until_refused() {
	before=$(made)
	n=0
	while xencreate --no-preflight --quiet --timeout=5 --name="$1$n" "$cfg" >/tmp/refusal 2>&1; do
		n=$((n + 1))
		[ $n -lt 200 ] || break
	done
	echo $(($(made) - before))
}

is "dom0's interface is known" "$(lsevtchn --summary | awk '/^  interface/ { print $2, $3 }')" "2l-64, proven:"

# Mapped grants: one frame of 256. A process of a PV dom0 has each page mapped twice, by the kernel and by itself.
forecast 1
note "$(lsevtchn --preflight "$cfg" | grep -E 'mapped grants|event channels')"
forecast 2000
is "two thousand do not fit" "$(figure verdict)" refused
is "mapped grants are in the way" "$(figure binding)" maptrack
wanted=$(figure would_fit)
ok "as many as forecast are made, but four" xencreate --quiet --name=batch%d -n "$((wanted - 4))" "$cfg"
fact=$((wanted - 4 + $(until_refused map)))
note "mapped grants: forecast $wanted, made $fact; the refusal: $(tail -n 1 /tmp/refusal)"
is "forecast and fact" "$fact" "$wanted"
xencreate destroy --all >/dev/null 2>&1

# Ports: all but 41 are taken.
evtchnload fill 0 $((4095 - $("$STOCK/lsevtchn" | wc -l) - 41)) 0 >/tmp/said 2>&1
note "filled: $(cat /tmp/said)"
forecast 50
is "fifty do not fit" "$(figure verdict)" refused
is "ports are in the way" "$(figure binding)" ports
wanted=$(figure would_fit)
is "two a domain: twenty would fit" "$wanted" 20
fact=$(until_refused port)
note "ports: forecast $wanted, made $fact; the refusal: $(tail -n 1 /tmp/refusal)"
is "as many are made" "$fact" "$wanted"
forecast 1
is "and now none would fit" "$(figure would_fit)" 0
is "dom0 has one left, which is too few" "$(lsevtchn --summary --json | awk -F'[:,]' '/"headroom"/ { print $2 + 0; exit }')" 1
ok "the refused one left nothing" [ "$(made)" = $((fact + 1)) ]
