# SPDX-License-Identifier: GPL-2.0-or-later
# A domain that reboots, is paused, is suspended to a file and resumed, and one that is checkpointed and goes on.
# all: no
# limit: 500
start_daemons
log_of() {
	echo "$CONSOLE_LOGS/guest-$1.log"
}
said() {
	[ "$(grep -c -- "$2" "$(log_of "$1")")" -ge "$3" ]
}

# --- reboot: another number, the same log ---
cfg=$(tiny_cfg again hello reboot=3000)
echo 'on_reboot = "restart"' >>"$cfg"
# Somebody must stay and start it anew.
timeout 200 xl create -F "$cfg" >"$LOGS/xl-again.log" 2>&1 &
xl_pid=$!
ok "a guest that reboots greets" wait_for 60 said again "hello from domain" 1
first=$(domid again)
ok "and greets again in the same log" wait_for 60 said again "hello from domain" 2
reborn() {
	[ "$(domid again)" -gt "$first" ]
}
ok "under another number" wait_for 60 reborn
ok "with a terminal" wait_for 60 test -c "$(guest_node again console/tty)"
kill $xl_pid
ok "it is destroyed" destroyed again

# --- pause ---
ok "a guest that talks" xl_create "$(tiny_cfg talker hello chatter=20)"
ok "is heard" wait_for 60 said talker "chatter 10 " 1
ok "it is paused" timeout 20 xl pause talker
tty=$(guest_node talker console/tty)
ok "and goes on" timeout 20 xl unpause talker
lines=$(grep -c chatter "$(log_of talker)")
more_lines() {
	[ "$(grep -c chatter "$(log_of talker)")" -gt $((lines + 20)) ]
}
ok "and is heard" wait_for 60 more_lines
is "at the same terminal" "$(guest_node talker console/tty)" "$tty"
ok "it is destroyed" destroyed talker

# --- suspend and resume ---
cfg=$(linux_cfg penguin)
ok "a Linux guest" xl_create "$cfg"
speaks() {
	[ -s "$(log_of penguin)" ]
}
ok "speaks" wait_for 200 speaks
# typed TEXT: keystrokes into its console.
typed() {
	timeout 60 sh -c "printf '%s\n' \"$1\" >\"$(guest_node penguin console/tty)\""
}
sleep 5 # whatever it says first
note "$(tail -n 5 "$(log_of penguin)")"
first=$(domid penguin)
ok "it is checkpointed" timeout 60 xl save -c penguin /tmp/penguin.save
is "and is the same domain" "$(domid penguin)" "$first"
size=$(stat -c %s "$(log_of penguin)")
grown() {
	typed "is anybody there"
	[ "$(stat -c %s "$(log_of penguin)")" -gt "$size" ]
}
ok "its console goes on" wait_for 60 grown
ok "it is suspended" timeout 60 xl save penguin /tmp/penguin.save
ok "and gone" wait_for 60 gone penguin
ok "it is resumed" timeout 60 xl restore /tmp/penguin.save
ok "it has a terminal" wait_for 60 test -c "$(guest_node penguin console/tty)"
size=$(stat -c %s "$(log_of penguin)")
ok "its console goes on in the same log" wait_for 60 grown

# --- the same number and handle, another domain ---
first=$(domid penguin)
tty=$(guest_node penguin console/tty)
export LIBXL_DOMID_REUSE_TIMEOUT=0 # else a number rests for a minute
ok "it is suspended, its number with it" timeout 60 xl save -D penguin /tmp/penguin.save
ok "and gone" wait_for 60 gone penguin
ok "its terminal has ended" wait_for 60 sh -c "! test -c $tty"
sleep 2 # whole seconds are counted: in the one in which its domain ended a number rests all the same
ok "it is resumed" timeout 60 xl restore /tmp/penguin.save
is "under its old number" "$(domid penguin)" "$first"
ok "it has a terminal" wait_for 60 test -c "$(guest_node penguin console/tty)"
size=$(stat -c %s "$(log_of penguin)")
ok "its console goes on in the same log" wait_for 60 grown
ok "it is destroyed" destroyed penguin
rm -f /tmp/penguin.save
