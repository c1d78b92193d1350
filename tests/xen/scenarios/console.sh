# SPDX-License-Identifier: GPL-2.0-or-later
# Consoles as clients see them: Debian's xenconsole and xl console, slow and rude clients, floods, broken rings.
# limit: 400
start_daemons

# attach NAME [OPTION…]: Debian's client in the background; what we say goes in by &8, what it shows stands in /tmp/shown.
attach() {
	rm -f /tmp/said-to
	mkfifo /tmp/said-to
	attach_id=$(domid "$1")
	shift
	xenconsole "$attach_id" --type pv --interactive "$@" </tmp/said-to >/tmp/shown 2>/tmp/shown.err &
	client_pid=$!
	exec 8>/tmp/said-to
}
detach() {
	exec 8>&-
	kill $client_pid 2>/dev/null
	wait $client_pid 2>/dev/null
}
shown() {
	grep -q -- "$1" /tmp/shown
}
tty_of() {
	guest_node "$1" console/tty
}

ok "a guest that talks and echoes" xl_create "$(tiny_cfg talker hello echo chatter=20)"
ok "it is heard" wait_for 60 console_says talker "chatter 20 "
attach talker
ok "a client sees what was said before it came" wait_for 60 shown "hello from domain"
ok "and what is said now" wait_for 60 shown "chatter 40 "
echo "is anybody there" >&8
ok "what it types reaches the guest and comes back" wait_for 60 shown "is anybody there"
lock_holder() {
	timeout 10 xenconsole "$(domid talker)" --type pv </dev/null
}
fails "a second client is refused by the first one's lock" lock_holder
detach
timeout 100 xl console talker </dev/null >/tmp/shown 2>&1 &
client_pid=$!
ok "xl console shows it too" wait_for 60 shown "chatter "
kill $client_pid
wait $client_pid 2>/dev/null

if [ "$CONSOLE" = ours ]; then
	settings() {
		stty -F "$(tty_of talker)" -a | tr ' ' '\n' | grep -x -e '-*echo' -e '-*icanon' -e '-*opost' | sort | tr '\n' ' '
	}
	is "the terminal is raw" "$(settings)" "-echo -icanon -opost "
	# The settings are changed by a client that stays a moment, and then leaves.
	(exec 9<"$(tty_of talker)"; stty echo icanon opost <&9; sleep 0.5) # it stays a moment
	raw_again() {
		[ "$(settings)" = "-echo -icanon -opost " ]
	}
	ok "a rude client leaves no trace" wait_for 60 raw_again
	is "only root may open it" "$(stat -c '%a %u' "$(tty_of talker)")" "600 0"
fi

# --- a host path in the node: XSA-57 ---
tty=$(tty_of talker)
xenstore-write "/local/domain/$(domid talker)/console/tty" /etc/hostname
sleep 0.5
fails "the daemon never opens what the node names" sh -c "ls -l /proc/$console_pid/fd | grep -q hostname"
lines=$(wc -l <$CONSOLE_LOGS/guest-talker.log)
more_lines() {
	[ "$(wc -l <$CONSOLE_LOGS/guest-talker.log)" -gt $((lines + 10)) ]
}
ok "and serves the guest on" wait_for 60 more_lines
xenstore-write "/local/domain/$(domid talker)/console/tty" "$tty"

# --- hostile guests ---
for kind in console-index console-cons; do
	ok "a guest that does $kind" xl_create "$(tiny_cfg $kind hello bad-ring=$kind)"
done
ok "a guest that floods" xl_create "$(tiny_cfg flood hello flood-console)"
lines=$(wc -l <$CONSOLE_LOGS/guest-talker.log)
ok "the talker is heard beside them" wait_for 60 more_lines
if [ "$CONSOLE" = ours ]; then
	# Column 7 is what waits unread: the toolstack's limit is 1 MiB.
	has_unread() {
		xenconsoled --stats >/tmp/stats
		awk '$NF == "flood" { n = $7 } END { exit !(n > 0) }' /tmp/stats
	}
	ok "what nobody reads is kept" wait_for 60 has_unread
	note "$(cat /tmp/stats)"
	ok "unread output keeps to its limit" awk '$NF == "flood" { n = $7 } END { exit !(n > 0 && n <= 1048576) }' /tmp/stats
	knows_bad_rings() {
		xenconsoled --stats | awk '/^bad rings/ { n = $3 } END { exit !(n >= 1) }'
	}
	ok "the rings are known to be bad" wait_for 60 knows_bad_rings
	xenconsoled --stats=openmetrics >/tmp/metrics
	is "the metrics end as they must" "$(tail -n 1 /tmp/metrics)" "# EOF"
	ok "and name each guest" grep -q '^xenconsoled_console_output_bytes_total{domid="[0-9]*",name="flood",kind="pv"} [0-9]' /tmp/metrics
fi
attach flood
ok "a client of the flood sees it" wait_for 60 test -s /tmp/shown
# It stops reading for a while: nobody else notices.
kill -STOP $client_pid
lines=$(wc -l <$CONSOLE_LOGS/guest-talker.log)
ok "a client that does not read holds nobody up" wait_for 60 more_lines
kill -CONT $client_pid
detach
for name in console-index console-cons flood; do
	ok "nothing keeps $name alive" destroyed $name
done

# --- last words ---
# The client stays attached and slow while its guest ends; chatter stops with the guest's end.
ok "a guest that will end" xl_create "$(tiny_cfg ending chatter=200,300 exit=2000)"
ok "it ends" wait_for 60 gone ending
last_word=$(tail -n 1 $CONSOLE_LOGS/guest-ending.log)
note "its last words: $last_word"
numbers() {
	sed -n 's/.*chatter \([0-9]*\) .*/\1/p' "$1"
}
gaps() {
	numbers "$1" | awk 'NR > 1 && $1 != last + 1 { n++ } { last = $1 } END { print n + 0 }'
}
is "its lines are complete" "$(gaps $CONSOLE_LOGS/guest-ending.log)" 0
ok "the talker is destroyed" destroyed talker
none_left() {
	[ "$(n_domains)" = 0 ]
}
ok "no domain is left" wait_for 60 none_left
