# SPDX-License-Identifier: GPL-2.0-or-later
# Domains that are made beforehand: given at once, citizens to xl, the same ones after a kill; nothing is left.
. /share/dom0/pool.sh

xencreate pool --size=2 "$cfg" 2>>"$LOGS/pool.log" &
pool=$!
ok "a pool fills up" wait_for 60 full tiny 2
is "its domains are paused" "$(xl list | awk '/^pool-tiny-/ { print $5 }' | sort -u)" "--p---"
uuid=$(uuid_of pool-tiny-1)
ok "one is taken, and says that it is ready" xencreate-take --name=web --wait=ready tiny "$cfg"
note "$(cat /tmp/said)"
is "its UUID is the one it always had" "$(uuid_of web)" "$uuid"
ok "it knows its name, and its console's log has it" wait_for 60 console_says web "hello from domain $(domid web) web"
is "xl list -l knows it" "$(xl list -l web | grep -c -e '"name": "web"' -e "\"uuid\": \"$uuid\"")" 2
ok "the pool fills up again" wait_for 60 full tiny 2
mine=$(xl list | awk '/^pool-tiny-/ { print $2 }' | sort -n | tr '\n' ' ')
kill -9 $pool
wait $pool 2>/dev/null
xencreate pool --size=2 "$cfg" 2>>"$LOGS/pool.log" &
pool=$!
ok "killed, the next process takes over" wait_for 60 full tiny 2
is "the very same domains" "$(xl list | awk '/^pool-tiny-/ { print $2 }' | sort -n | tr '\n' ' ')" "$mine"
ok "a burst of more than there are" xencreate --from-pool=tiny -n 3 --wait=ready
ok "xl shutdown of one that was taken" timeout 60 xl shutdown -w tiny-2
kill $pool
wait $pool
is "the pool ends in good order" $? 0
ok "those that were taken are destroyed" xencreate destroy --all
ok "nothing is left" wait_for 60 nothing_left
