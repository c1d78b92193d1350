# SPDX-License-Identifier: GPL-2.0-or-later
# Every word of the test guest does what tests/guest/README.md says; simxen plays the same scenario with its own guests.
# all: no
# limit: 200
start_daemons

# guest NAME WORDS…: to be made with the others, all at once.
cfgs=
guest() {
	cfgs="$cfgs $(tiny_cfg "$@")"
}
guest plain hello ready ping=20 watch echo
guest chatty chatter=50,20,40
guest deaf deaf hello ready
guest off exit=300
guest again reboot=300
guest crashed crash=300
guest faulty fault=300
guest spinner spin hello
guest console-flood flood-console=20000,10000 ready
for kind in write read watch transaction; do
	guest store-flood-$kind flood-store=$kind,300
done
guest mute mute-store=300 ready
for kind in store-index store-cons store-length store-half store-path store-op console-index console-cons; do
	guest bad-$kind bad-ring=$kind
done
guest ports hog-ports=20
guest nodes hog-nodes=15
guest watches hog-watches=10
guest transactions hog-transactions=4
guest stranger nonsense hello

# shellcheck disable=SC2086
set -- $cfgs
ok "$# guests are made" timeout 120 xencreate --no-preflight --wait=none "$@"

says() {
	ok "$1 says: $2" wait_for 60 console_says "$1" "$2"
}
# has NAME PATH VALUE
node_is() {
	[ "$(guest_node "$1" "$2")" = "$3" ]
}
has() {
	ok "$1 has written $2 = $3" wait_for 60 node_is "$@"
}
# ended NAME LETTERS: its state in xl list, which has a letter for the reason too
state() {
	xl list "$1" | awk 'END { print $5 }' | tr -d -
}
state_is() {
	[ "$(state "$1")" = "$2" ]
}
ended() {
	ok "$1 ends in state $2" wait_for 60 state_is "$@"
}

has plain data/hello "$(domid plain) plain"
says plain "hello from domain $(domid plain) plain"
has plain data/ready 1
says plain "ping: 20 round trips, 0 errors"
has plain data/ping/count 20
has plain data/ping/errors 0
# The event of the watch itself comes first.
has plain data/watched 1
xenstore-write "/local/domain/$(domid plain)/data/watch" tulip
says plain "watch: data/watch = tulip"
has plain data/watched 2
wait_for 60 test -c "$(guest_node plain console/tty)"
echo "is there an echo?" >"$(guest_node plain console/tty)"
says plain "is there an echo?"

says chatty "chatter 0 "
says chatty "chatter 19 "
fails "chatty says no more" console_says chatty "chatter 20"
is "its lines are of 40 bytes" "$(grep chatter $CONSOLE_LOGS/guest-chatty.log | tr -d '\r' | awk '{ print length($0) + 1 }' | sort -u)" 40

has deaf data/ready 1
xenstore-write "/local/domain/$(domid deaf)/control/shutdown" poweroff
xenstore-write "/local/domain/$(domid plain)/control/shutdown" poweroff
ended plain s
says plain "shutdown: poweroff"
is "plain has emptied the request" "$(guest_node plain control/shutdown)" ""
is "deaf has not" "$(guest_node deaf control/shutdown)" poweroff
is "and lives" "$(state deaf)" b

ended off s
ended again sr
ended crashed sc
ended faulty sc
says spinner "hello from domain"
fails "spinner never sleeps" state_is spinner b

says console-flood "flood: the quick brown fox"
has console-flood data/ready 1
overflows() { [ "$(wc -c <"$CONSOLE_LOGS/guest-$1.log")" -gt 4096 ]; }
ok "console-flood says more than its ring holds" wait_for 60 overflows console-flood
for kind in write read watch transaction; do
	says store-flood-$kind "flood-store: [1-9][0-9]* requests"
done
has store-flood-write data/flood "$(guest_node store-flood-write data/flood | grep '[0-9]')"
# It asks and takes no answers until its time is up; what it says afterwards arrives.
has mute data/ready 1
for kind in store-index store-cons store-length store-half; do
	says bad-$kind "bad-ring: $kind done"
done
has bad-store-path data/bad-ring "store-path EINVAL"
has bad-store-op data/bad-ring "store-op ENOSYS"
for kind in console-index console-cons; do
	ok "bad-$kind is still there" domid bad-$kind
done
has ports data/ports "20 22 OK"
has nodes data/nodes "15 OK"
has watches data/watches "10 OK"
has transactions data/transactions "4 OK"
says stranger "unknown word: nonsense"
says stranger "hello from domain"
[ "$(cat $CONSOLE_LOGS/guest-*.log | grep -c 'unknown word')" = 1 ]
verdict $? "no other word is unknown"

ok "all are destroyed" timeout 60 xencreate destroy -q --all
