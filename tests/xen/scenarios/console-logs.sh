# SPDX-License-Identifier: GPL-2.0-or-later
# Logs of consoles: moved, rotated, stamped, full disks, strange names, the hypervisor's own without duplicates.
# all: no
# limit: 500
[ "$CONSOLE" = ours ] || {
	skip "logs" "the stock daemon has none of this"
	finish
}
start_store || give_up "xenstored ($STORE) starts"
timeout 20 xen-init-dom0 >"$LOGS/xen-init-dom0.log" 2>&1 || give_up "xen-init-dom0"

# serve OPTION…: our daemon with these options.
serve() {
	xenconsoled -i --log-dir=$CONSOLE_LOGS "$@" >>"$LOGS/xenconsoled.log" 2>&1 &
	console_pid=$!
	wait_for 60 serves
}
serves() {
	running $console_pid && xenconsoled --stats
}
stop() {
	kill $console_pid
	wait $console_pid
}
numbers() {
	sed -n 's/.*chatter \([0-9]*\) .*/\1/p'
}
gaps() {
	numbers | awk 'NR > 1 && $1 != last + 1 { n++ } { last = $1 } END { print n + 0 }'
}
# A kill may repeat what the ring had; losing is another thing.
lost() {
	numbers | awk 'NR > 1 && $1 > last + 1 { n++ } NR == 1 || $1 > last { last = $1 } END { print n + 0 }'
}
# oldest first
all_files() {
	for number in 9 8 7 6 5 4 3 2 1; do
		cat "$CONSOLE_LOGS/guest-$1.log.$number" 2>/dev/null
	done
	cat "$CONSOLE_LOGS/guest-$1.log"
}

# --- moved by somebody else ---
ok "the daemon starts" serve --log=guest --log-size=none
ok "a guest that talks" xl_create "$(tiny_cfg talker hello chatter=50)"
ok "it is heard" wait_for 60 console_says talker "chatter 20 "
log=$CONSOLE_LOGS/guest-talker.log
mv $log $log.1
kill -HUP $console_pid
ok "after SIGHUP there is a new file" wait_for 60 test -s $log
is "and no line is lost between the two" "$(all_files talker | gaps)" 0
is "it is not for everybody" "$(stat -c %a $log)" 640
stop

# --- rotated by us, while the daemon is killed and comes again ---
rm -f $CONSOLE_LOGS/*
ok "the daemon starts with small logs" serve --log=guest --log-size=2K --log-count=9
ok "logs are rotated" wait_for 60 test -f $log.2
kill -9 $console_pid
wait $console_pid 2>/dev/null
ok "it is killed and starts again" serve --log=guest --log-size=2K --log-count=9
rotated() {
	[ -f $log.4 ]
}
ok "and goes on with it" wait_for 60 rotated
# What has waited in the ring while nobody served it comes as one piece.
ok "at their size" sh -c "[ \$(stat -c %s $log.2) -ge 2048 ] && [ \$(stat -c %s $log.2) -lt 4200 ]"
stop # nobody renames what is being counted
is "without losing a line" "$(all_files talker | lost)" 0

# --- stamps of two guests do not mix ---
rm -f $CONSOLE_LOGS/*
ok "the daemon starts with stamps" serve --log=guest --timestamp=guest
ok "another guest" xl_create "$(tiny_cfg second hello chatter=35)"
talks() {
	[ "$(grep -c chatter "$CONSOLE_LOGS/guest-$1.log")" -gt 50 ]
}
for name in talker second; do
	ok "$name is heard" wait_for 60 talks $name
	is "each line of $name has one stamp" \
		"$(sed '$d' $CONSOLE_LOGS/guest-$name.log | grep -vc '^\[20..-..-.. ..:..:..\] [^[]*$')" 0
done
stop

# --- a full disk, and none ---
rm -f $CONSOLE_LOGS/*
mount -t tmpfs -o size=8k none $CONSOLE_LOGS
ok "the daemon starts on a small disk" serve --log=guest
loses() {
	xenconsoled --stats | awk '$NF == "talker" { n = $9 } END { exit !(n > 0) }'
}
ok "it fills up, and what is lost is counted" wait_for 60 loses
umount $CONSOLE_LOGS 2>/dev/null || umount -l $CONSOLE_LOGS
kill -HUP $console_pid
ok "after SIGHUP it logs to the disk that is there" wait_for 60 console_says talker chatter
rm -rf $CONSOLE_LOGS
kill -HUP $console_pid
sleep 1
ok "it lives without its folder" running $console_pid
mkdir -p $CONSOLE_LOGS
ok "and finds it again by itself" wait_for 60 console_says talker chatter
stop

# --- names ---
ok "the daemon starts" serve --log=guest
evil="../../../tmp/evil"
cfg=$(tiny_cfg evil hello)
sed -i "s|^name = .*|name = \"$evil\"|" "$cfg"
ok "a guest whose name is a path" timeout 60 xl create -e "$cfg"
ok "its log stays in the folder" wait_for 60 grep -q "hello from domain" "$CONSOLE_LOGS/guest-..%2F..%2F..%2Ftmp%2Fevil.log"
fails "and nowhere else" ls /tmp/evil.log /tmp/evil
ok "a guest is renamed" timeout 20 xl rename second third
kill -HUP $console_pid
ok "after SIGHUP it has its new log" wait_for 60 console_says third chatter
for name in talker third "$evil"; do
	ok "$name is destroyed" destroyed "$name"
done
stop

# --- the hypervisor ---
rm -f $CONSOLE_LOGS/*
hv=$CONSOLE_LOGS/hypervisor.log
hv_says() {
	[ "$(grep -c "$1" $hv)" -ge "$2" ]
}
ok "the daemon follows the hypervisor" serve --log=hv --timestamp=hv
ok "its log begins with what was there" wait_for 60 test -s $hv
xl debug-keys h
ok "and goes on" wait_for 60 hv_says "pressed -> showing installed handlers" 1
kill -9 $console_pid
wait $console_pid 2>/dev/null
xl debug-keys h
ok "it is killed and starts again" serve --log=hv --timestamp=hv
ok "what was said in between is there" wait_for 60 hv_says "pressed -> showing installed handlers" 2
sleep 0.5
is "and nothing twice" "$(grep -c "pressed -> showing installed handlers" $hv)" 2
xenconsoled -i --log=hv --log-dir=$CONSOLE_LOGS >/tmp/second 2>&1
is "a second daemon gives up" $? 1
ok "and says why" grep -q "process $console_pid serves the consoles already" /tmp/second
ok "the first lives" running $console_pid
stop
none_left() {
	[ "$(n_domains)" = 0 ]
}
ok "no domain is left" wait_for 60 none_left
