# SPDX-License-Identifier: GPL-2.0-or-later
# One side of the comparison on a host that has just booted: see fresh.
#   N     how many domains      WHAT  floor, or ours
#   WORDS what the guests do
if [ "$WHAT" = ours ]; then
	start_daemons
else
	[ -e /dev/xen/privcmd ] || xen_devices || give_up "Xen's devices are there"
fi
# shellcheck disable=SC2086
cfg=$(tiny_cfg tiny ${WORDS:-hello})
echo "@begin"
if [ "$WHAT" = floor ]; then
	ok "$N domains by hypercalls alone" sh -c "floor $cfg $N --keep >/tmp/floor"
	echo "@end"
	awk '!/^#/ { t += $2 + $3 + $4; print "@at", ++n, t }' /tmp/floor
else
	ok "$N domains by xencreate" xencreate -n "$N" --timings=/tmp/timings "$cfg"
	echo "@end"
	awk '!/^#/ { print $5 }' /tmp/timings | sort -n | awk '{ print "@at", NR, $1 }'
	greetings() {
		[ "$(grep -l "hello from domain" $CONSOLE_LOGS/guest-tiny*.log 2>/dev/null | wc -l)" = "$N" ]
	}
	said_hello() {
		[ "$(xl list | awk 'NR > 2 { print "/local/domain/" $2 "/data/hello" }' | xargs -n 50 timeout 60 xenstore-read 2>/dev/null | wc -l)" = "$N" ]
	}
	have_terminals() {
		[ "$(xl list | awk 'NR > 2 { print "/local/domain/" $2 "/console/tty" }' | xargs -n 50 timeout 60 xenstore-read 2>/dev/null | grep -c /dev/pts)" = "$N" ]
	}
	if [ "${WORDS:-hello}" = hello ]; then
		ok "each has its console" wait_for 60 greetings
		ok "and its store" wait_for 60 said_hello
	else
		ok "each has its console" wait_for 60 have_terminals
	fi
fi
