# SPDX-License-Identifier: GPL-2.0-or-later
# Caps on event channels: what a domain gets under each, and that lsevtchn knows it.
# limit: 240
. /share/dom0/caps.sh
start_daemons

# The proof that a creator can have before a domain runs: all ports up to the cap, none beyond, and all back again.
is "cap 63 is proven, twice" "$(evtchnload prove 2 63)" "$(printf 'proven 63 1\nproven 63 1')"
is "cap 1023 is proven" "$(evtchnload prove 1 1023)" "proven 1023 1"
is "no cap: all that a new domain can have" "$(evtchnload prove 1 0x7fffffff)" "proven 4095 1"
is "a cap that is another is told" "$(evtchnload prove 1 100 120)" "EPROTO 100 0"

# Ports are taken from outside: store and console are ports 1 and 2.
unstarted() {
	ok "a domain with cap $1, not started" sh -c "xl create -p -q -e $(capped "paused$1" "$1" "$(tiny_cfg "paused$1" hello)")"
	id=$(domid "paused$1")
	is "cap $1: so many more ports, the highest, the refusal" "$(evtchnload fill "$id" 9999 0 2>/dev/null)" "$2"
	is "cap $1: lsevtchn counts them" "$(figure "$id" ports) $(figure "$id" highest_port)" "$3"
	is "cap $1: lsevtchn knows it" "$(figure "$id" cap)" "$4"
	is "cap $1: and what is left of it" "$(figure "$id" usable) $(figure "$id" headroom)" "$5"
	xl destroy "paused$1"
}
unstarted 1023 "1021 1023 ENOSPC" "1023 1023" 1023 "1023 0"
unstarted 10 "8 10 ENOSPC" "10 10" 10 "10 0"
unstarted -1 "4093 4095 ENOSPC" "4095 4095" "" "4095 0"
unstarted 5000 "4093 4095 ENOSPC" "4095 4095" 5000 "4095 0"

ok "a running guest with cap 100" xl_create "$(capped hog 100 "$(tiny_cfg hog hog-ports)")"
id=$(domid hog)
ok "it has taken what it got" wait_for 60 read_node "/local/domain/$id/data/ports"
note "count, highest, error: $(read_node "/local/domain/$id/data/ports")"
is "lsevtchn sees it full" "$(figure "$id" ports) $(figure "$id" headroom)" "100 0"
lsevtchn --check-caps >/tmp/said
is "and says so" "$(grep -c 'finding: .*hog.* full: no port left: all 100 are in use' /tmp/said)" 1
xl destroy hog

# xencreate sets the policy's cap, proves it before the guest runs, and writes it down.
for cap in 10 63 1023 8191; do
	printf '[default]\nhard = %s\n' $cap >/tmp/policy
	ok "xencreate proves a cap of $cap" xencreate -n 2 --policy=/tmp/policy "$(tiny_cfg "made$cap" hello)"
	is "cap $cap: it is on record for both" "$(figure "$(domid "made$cap-1")" cap) $(figure "$(domid "made$cap-2")" cap)" "$cap $cap"
	ok "cap $cap: checked against the policy" lsevtchn --check-caps --policy=/tmp/policy
	size=$((cap > 63 ? (cap < 4095 ? cap + 1 : 4096) : 64))
	is "cap $cap: the tables, one as large as the proof has made it" \
		"$(figure "$(domid "made$cap-1")" table_size) $(figure "$(domid "made$cap-2")" table_size)" "$size 64"
	most=$((cap < 4095 ? cap : 4095))
	is "cap $cap: ports beside store and console" "$(evtchnload fill "$(domid "made$cap-2")" 9999 0 2>/dev/null)" \
		"$((most - 2)) $most ENOSPC"
	xencreate destroy "made$cap-*" >/dev/null 2>&1
done
note "mean µs of creating an empty domain, of the proof, of the end: cap 63 $(evtchnload cost 40 63), cap 1023 $(evtchnload cost 10 1023)"

# A cap too small for store and console is accepted by xl, and the guest is broken: preflight refuses it.
fails "preflight refuses cap 1" lsevtchn --preflight "$(capped one 1 "$(tiny_cfg one hello)")"
is "and says why" "$(lsevtchn --preflight /tmp/one.cfg | grep -c 'needs 2 event channels of its own; its cap is 1')" 1

# What the policy says.
printf '[default]\nhard = 100\nsoft = 20\nover-soft = mark pause\n' >/tmp/policy
ok "a guest within the hard limit, above the soft one" xl_create "$(capped many 100 "$(tiny_cfg many hog-ports=30)")"
ok "a guest with libxl's cap" xl_create "$(tiny_cfg usual hello)"
ok "the first has its ports" wait_for 60 read_node "/local/domain/$(domid many)/data/ports"
lsevtchn --check-caps --policy=/tmp/policy >/tmp/said
is "status" $? 1
is "findings" "$(sed -n 's/^finding: domain [0-9]* (\([a-z]*\)): \([a-z-]*\):.*/\1 \2/p' /tmp/said | sort | tr '\n' ',')" \
	"many over-soft,usual cap-policy,"
lsevtchn --check-caps --act --policy=/tmp/policy >/dev/null 2>/tmp/said
is "it is marked" "$(read_node "/libxl/$(domid many)/event-channels-over-soft")" "32 20"
ok "and paused" sh -c "xl list many | grep -q ' --p--- \| -bp--- '"
ok "amended, the other keeps to it too" lsevtchn --amend --policy=/tmp/policy /tmp/usual.cfg
xl destroy usual
ok "created anew" xl_create /tmp/usual.cfg
is "its cap" "$(figure "$(domid usual)" cap)" 100
sed 's/^soft.*/soft = 50/' /tmp/policy >/tmp/policy2
ok "with a larger soft limit all is well" lsevtchn --check-caps --act --policy=/tmp/policy2
ok "and the mark is taken back" sh -c "! xenstore-exists /libxl/$(domid many)/event-channels-over-soft"
lsevtchn --enforce --policy=/tmp/policy >/tmp/said 2>&1
is "nothing to enforce" $? 0
printf '[default]\nhard = 10\n' >/tmp/policy3
lsevtchn --enforce --policy=/tmp/policy3 >/tmp/said 2>&1
is "this hypervisor cannot enforce a cap" $? 2
