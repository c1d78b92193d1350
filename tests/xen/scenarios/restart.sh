# SPDX-License-Identifier: GPL-2.0-or-later
# Each daemon in turn is killed and started again; guests that were there and guests that come later are served.
start_daemons
ok "a guest that talks" xl_create "$(tiny_cfg talker hello chatter=20)"
ok "it is heard" wait_for 60 console_says talker "chatter 10 "

kill -9 $console_pid
wait $console_pid
note "xenconsoled is dead"
sleep 1
ok "xenconsoled starts again" start_console
last=$(grep -c chatter $CONSOLE_LOGS/guest-talker.log)
goes_on() {
	[ "$(grep -c chatter $CONSOLE_LOGS/guest-talker.log)" -gt $((last + 20)) ]
}
ok "the guest is heard again" wait_for 60 goes_on
ok "it has a terminal" test -c "$(guest_node talker console/tty)"
# What stood in the ring while nobody listened is still there. A line is at most being written when the kill comes.
numbers() {
	sed -n 's/.*chatter \([0-9]*\) .*/\1/p' $CONSOLE_LOGS/guest-talker.log
}
lost=$(numbers | awk 'NR > 1 && $1 > last + 1 { lost += $1 - last - 1 } { last = $1 } END { print lost + 0 }')
is "no line is lost" "$lost" 0
ok "a new guest is heard" xl_create "$(tiny_cfg later hello)"
ok "and greets" wait_for 60 console_says later "hello from domain"
ok "both are destroyed" sh -c "xl destroy talker && xl destroy later"

kill -9 $store_pid
wait $store_pid
note "xenstored is dead"
ok "xenstored starts again" start_store
ok "dom0 is made known to it" timeout 20 xen-init-dom0
ok "dom0's kernel speaks to it" timeout 60 env XENSTORED_PATH=/dev/xen/xenbus xenstore-read /local/domain/0/name
kill $console_pid
wait $console_pid
ok "xenconsoled comes with it" start_console
ok "a new guest is made" xl_create "$(tiny_cfg fresh hello ping=50)"
ok "it answers through the store" wait_for 60 sh -c '[ "$(xenstore-read /local/domain/$(xl domid fresh)/data/ping/count)" = 50 ]'
is "without an error" "$(guest_node fresh data/ping/errors)" 0
ok "and is heard" wait_for 60 console_says fresh "hello from domain"
ok "it is destroyed" timeout 20 xl destroy fresh
is "no domain is left" "$(n_domains)" 0
