# SPDX-License-Identifier: GPL-2.0-or-later
# A pool in its whole length: takers, bursts, what somebody destroys, a kill, PVH guests, what is left without a next process.
# all: no
. /share/dom0/pool.sh

xencreate pool --size=4 "$cfg" 2>>"$LOGS/pool.log" &
pool=$!
ok "a pool fills up" wait_for 60 full tiny 4
is "its domains are paused" "$(xl list | awk '/^pool-tiny-/ { print $5 }' | sort -u)" "--p---"
uuid=$(uuid_of pool-tiny-1)
ok "one is taken, and says that it is ready" xencreate --from-pool=tiny --name=web --wait=ready "$cfg"
note "$(cat /tmp/said)"
is "its UUID is the one it always had" "$(uuid_of web)" "$uuid"
ok "it knows its name, and its console's log has it" wait_for 60 console_says web "hello from domain $(domid web) web"
ok "xl console has its terminal" test -c "$(guest_node web console/tty)"
is "xl list -l knows it" "$(xl list -l web | grep -c -e '"name": "web"' -e "\"uuid\": \"$uuid\"")" 2
is "lsevtchn knows its limit" "$(lsevtchn --all | awk '$2 == "web" { print $13 }')" 1023
ok "xl pause and unpause" sh -c "xl pause web && xl unpause web"
ok "a burst of more than there are" xencreate --from-pool=tiny -n 6 --wait=ready
note "$(cat /tmp/said)"
is "all of them are there" "$(xl list | awk '$1 ~ /^tiny-[1-6]$/' | wc -l)" 6
fails "a name is given once" xencreate --from-pool=tiny --name=tiny-3
ok "the pool fills up again" wait_for 60 full tiny 4
ok "xl shutdown of one that was taken" timeout 60 xl shutdown -w tiny-2
ok "xl destroy" timeout 30 xl destroy tiny-3
# The store looks at all domains when one dies: those that were taken are still whom it knows.
ok "the others go on" sh -c "xl shutdown -w tiny-4"
victim=$(xl list | awk '/^pool-tiny-/ { print $1; exit }')
number=$(domid "$victim")
ok "somebody destroys one of the pool's" xl destroy "$victim"
ok "it is replaced" wait_for 60 sh -c "! xl list $number >/dev/null 2>&1 && [ \$(xl list | grep -c '^pool-') = 4 ]"
ok "and ready" wait_for 60 full tiny 4

mine=$(xl list | awk '/^pool-tiny-/ { print $2 }' | sort -n | tr '\n' ' ')
kill -9 $pool
wait $pool 2>/dev/null
xencreate pool --size=4 "$cfg" 2>>"$LOGS/pool.log" &
pool=$!
ok "killed, the next process takes over" wait_for 60 full tiny 4
is "the very same domains" "$(xl list | awk '/^pool-tiny-/ { print $2 }' | sort -n | tr '\n' ' ')" "$mine"
ok "one of them is taken, and runs" xencreate --from-pool=tiny --name=late --wait=ready
ok "it is destroyed with the rest" xencreate destroy web late 'tiny-*'
kill $pool
wait $pool
is "the pool ends in good order" $? 0
ok "nothing is left" wait_for 60 nothing_left

sed 's/"pv"/"pvh"/; s/"tiny"/"small"/' "$cfg" >/tmp/pvh.cfg
xencreate pool --size=2 /tmp/pvh.cfg 2>>"$LOGS/pool.log" &
pool=$!
ok "a pool of PVH guests" wait_for 60 full small 2
ok "one is taken" xencreate --from-pool=auto --name=pvh --wait=ready /tmp/pvh.cfg
ok "it is heard" wait_for 60 console_says pvh "hello from domain $(domid pvh) pvh"
kill -9 $pool
ok "without a next process, what is left can be removed" wait_for 60 xencreate --rollback
ok "what was taken stays" domid pvh
ok "until it is destroyed" xencreate destroy pvh
ok "nothing is left" wait_for 60 nothing_left
