# SPDX-License-Identifier: GPL-2.0-or-later
# Guests and clients that break the protocol get what they deserve; everyone else is served as before.
# limit: 240
start_daemons
ok "a witness that pings for ever" xl_create "$(tiny_cfg witness hello ping=0,20 chatter=5)"
ok "it has begun" wait_for 60 guest_node witness data/ping/count

# served: the witness goes on pinging without an error, and its console goes on, and the daemons live.
served() {
	pings=$(guest_node witness data/ping/count)
	lines=$(wc -l <$CONSOLE_LOGS/guest-witness.log)
	wait_for 60 witness_moved
}
witness_moved() {
	running $store_pid && running $console_pid && [ "$(guest_node witness data/ping/errors)" = 0 ] &&
		[ "$(guest_node witness data/ping/count)" -gt $((pings + 5)) ] &&
		[ "$(wc -l <$CONSOLE_LOGS/guest-witness.log)" -gt "$lines" ]
}

# --- guests ---
for kind in store-index store-cons store-length store-half console-index console-cons; do
	ok "a guest that does $kind" xl_create "$(tiny_cfg "$kind" hello bad-ring=$kind)"
	case $kind in
	console-*) sleep 1 ;;
	*) ok "it has done so" wait_for 60 console_says $kind "bad-ring: $kind done" ;;
	esac
	ok "everyone else is served" served
	ok "nothing keeps it alive" destroyed $kind
done
for pair in store-path:EINVAL store-op:ENOSYS; do
	kind=${pair%:*}
	ok "a guest that does $kind" xl_create "$(tiny_cfg "$kind" bad-ring="$kind")"
	wait_for 60 guest_node "$kind" data/bad-ring >/dev/null
	is "it is told ${pair#*:}, and is served on" "$(guest_node "$kind" data/bad-ring)" "$kind ${pair#*:}"
	destroyed "$kind"
done
for word in flood-store flood-store=watch flood-store=transaction mute-store flood-console; do
	name=$(echo $word | tr = -)
	ok "a guest that does $word" xl_create "$(tiny_cfg "$name" $word)"
	sleep 1
	ok "everyone else is served" served
	destroyed "$name"
done

# --- clients of the socket --- (the answers: type, payload; 16 is an error)
answers() {
	name=$1
	wanted=$2
	shift 2
	is "$name" "$(timeout 60 wire "$@" 2>&1)" "$wanted"
}
lines() {
	printf '%s\n' "$@"
}
answers "an operation that is not there, and the next request" "$(lines '16 ENOSYS\0' '10 /local/domain/5\0')" '9999=x\0' '10=5\0'
answers "a header of 4,097 bytes ends the connection" closed '2:4097='
answers "and so does one of 4 GiB" closed '2:4294967295='
answers "half a request waits" silence '2:100=/tool'
answers "a path with two slashes" '16 EINVAL\0' '2=/local//domain\0'
answers "a path that ends in a slash" '16 EINVAL\0' '2=/tool/\0'
answers "a path with a character that is not allowed" '16 EINVAL\0' '2=/to ol\0'
answers "an empty path" '16 EINVAL\0' '2=\0'
answers "a path without its end" '16 EINVAL\0' '2=/tool'
answers "two strings where one belongs" '16 EINVAL\0' '2=/tool\0/x\0'
answers "nothing where a path belongs" '16 EINVAL\0' '2='
answers "a transaction that is not open" '16 ENOENT\0' '7=T\0'
answers "a special name is not a node" '16 EINVAL\0' '2=@releaseDomain\0'
answers "the root is not removed" '16 EINVAL\0' '13=/\0'
ok "everyone else is served" served
is "the witness saw no error in all that time" "$(guest_node witness data/ping/errors)" 0
ok "the witness is destroyed" destroyed witness
is "no domain is left" "$(n_domains)" 0
