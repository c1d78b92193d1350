# SPDX-License-Identifier: GPL-2.0-or-later
# xencreate: a batch is made, is a citizen to xl, and goes; refusals and failures leave nothing.
# limit: 240
N=20
start_daemons
cfg=$(tiny_cfg tiny hello ready)
left_over >/tmp/left-before

# status WANTED COMMAND…: the command ends with that exit status.
status() {
	wanted=$1
	shift
	"$@" 2>/tmp/errors
	got=$?
	cat /tmp/errors
	[ $got = "$wanted" ] || echo "status $got instead of $wanted"
	[ $got = "$wanted" ]
}

ok "a domain that is cast is like one that the library built" alike "$cfg"
ok "$N guests are created and say that they are ready" xencreate -n $N --wait=ready --timings=/tmp/timings "$cfg"
note "$(cat /tmp/said)"
is "each has its line of timings" "$(grep -vc '^#' /tmp/timings)" $N
is "$N domains are there" "$(n_domains)" $N
is "their names are theirs" "$(xl list | awk 'NR > 2 { print $1 }' | sort -u | wc -l)" $N
is "their UUIDs are theirs" "$(xl list -v | awk 'NR > 2 { print $(NF - 2) }' | sort -u | wc -l)" $N
ok "a guest is heard" wait_for 60 console_says tiny-7 "hello from domain $(domid tiny-7) tiny-7"
ok "xl console has its terminal" test -c "$(guest_node tiny-7 console/tty)"
ok "xl pause and unpause" sh -c "xl pause tiny-7 && xl unpause tiny-7"
ok "xl list -l knows its config" sh -c "xl list -l tiny-7 | grep -q '\"cmdline\": \"hello ready\"'"
is "xl vcpu-list" "$(xl vcpu-list tiny-7 | awk 'NR > 1 { print $1, $3 }')" "tiny-7 0"
ok "xl shutdown" timeout 60 xl shutdown -w tiny-3
tiny4=$(domid tiny-4)
ok "xl destroy" timeout 30 xl destroy tiny-4
ok "its nodes are gone" sh -c "! xenstore-exists /local/domain/$tiny4 && ! xenstore-exists /libxl/$tiny4"
is "and the file that libxl keeps" "$(ls /var/lib/xen | grep -c "^userdata-.\.$tiny4\.")" 0

ok "a name that is taken refuses the batch" status 4 xencreate -n 2 --first $N "$cfg"
is "and nothing was begun" "$(n_domains)" $((N - 1))
ok "destroy by pattern and number" xencreate destroy 'tiny-1?' "$(domid tiny-2)"
is "the others stay" "$(n_domains)" $((N - 12))
ok "destroy the rest" xencreate destroy --all
ok "no node, port or domain is left over" wait_for 60 nothing_left
is "no file is left over" "$(ls /var/lib/xen | grep -vc '^userdata-d\.0\.')" 0
ok "destroying what is not there is refused" status 4 xencreate destroy nobody

sed 's/^memory.*/memory = 3/' "$cfg" >/tmp/small.cfg
ok "guests that cannot be built fail" status 3 xencreate -n 3 /tmp/small.cfg
note "$(cat /tmp/said)"
ok "no node, port or domain is left over" wait_for 60 nothing_left
tiny_cfg silent hello >/dev/null
ok "guests that never say ready fail" status 3 xencreate -n 3 --wait=ready --timeout=1 /tmp/silent.cfg
ok "no node, port or domain is left over" wait_for 60 nothing_left
printf 'kernel = "%s"\nfirmware = "uefi"\n' "$GUESTS/guest" >/tmp/odd.cfg
ok "a setting that is not ours is refused if that is wanted" status 4 xencreate --hand-over=no /tmp/odd.cfg
ok "and named" grep -q firmware /tmp/errors

ok "a batch that does not fit is refused" status 4 xencreate -n 9000 "$cfg"
ok "and what is in the way is named" grep -q 'memory.*met first' /tmp/errors
ok "a dry run says what would be made" sh -c "xencreate -n 3 --dry-run $cfg | grep -q '^tiny-3 '"
printf '[default]\nhard = 20\n' >/tmp/policy
ok "limits on event channels come from a policy" xencreate --policy=/tmp/policy --name=capped --wait=ready "$cfg"
ok "and are recorded" sh -c "xenstore-read /libxl/$(domid capped)/max-event-channels | grep -q '^20 '"
tiny_cfg hog hog-ports >/dev/null
ok "and hold" xencreate --policy=/tmp/policy /tmp/hog.cfg
wait_for 60 guest_node hog data/ports >/dev/null
is "a guest that wants more gets ENOSPC at its limit" "$(guest_node hog data/ports)" "18 20 ENOSPC"
ok "destroy them" xencreate destroy capped hog

xencreate -n 200 --json "$cfg" >/tmp/events 2>&1 &
creating=$!
wait_for 60 sh -c "[ \$(grep -c '\"event\":\"created\"' /tmp/events) -ge 5 ]"
kill $creating
wait $creating
is "a signal ends it with status 3" $? 3
is "what it says was made is there" "$(n_domains)" "$(grep -c '"event":"created"' /tmp/events)"
is "what was on its way was taken back" "$(grep '"event":"failed"' /tmp/events | grep -vc '"clean":true')" 0
ok "destroy them" xencreate destroy 'tiny-*'
ok "no node, port or domain is left over" wait_for 60 nothing_left

xencreate -n 200 --json "$cfg" >/tmp/events 2>&1 &
creating=$!
wait_for 60 sh -c "[ \$(grep -c '\"event\":\"created\"' /tmp/events) -ge 5 ]"
kill -9 $creating
wait $creating 2>/dev/null
ok "after a SIGKILL the rest is made" xencreate --resume
is "all of it" "$(n_domains)" 200
ok "destroy them" xencreate destroy 'tiny-*'
ok "no node, port or domain is left over" wait_for 60 nothing_left
xencreate -n 200 --json "$cfg" >/tmp/events 2>&1 &
creating=$!
wait_for 60 sh -c "[ \$(grep -c '\"event\":\"created\"' /tmp/events) -ge 5 ]"
kill -9 $creating
wait $creating 2>/dev/null
ok "after a SIGKILL all of it is removed" xencreate --rollback --all
ok "no node, port or domain is left over" wait_for 60 nothing_left

xencreate -n 100 --timeout=20 --json "$cfg" >/tmp/events 2>&1 &
creating=$!
wait_for 60 sh -c "[ \$(grep -c '\"event\":\"created\"' /tmp/events) -ge 5 ]"
kill -STOP $store_pid
sleep 2
kill -CONT $store_pid
ok "a store daemon that pauses costs only time" wait $creating
is "all are there" "$(n_domains)" 100
ok "destroy them" xencreate destroy 'tiny-*'
ok "no node, port or domain is left over" wait_for 60 nothing_left

sed 's/"pv"/"pvh"/; s/"tiny"/"small"/' "$cfg" >/tmp/pvh.cfg
ok "one that is cast is like one that the library built" alike /tmp/pvh.cfg
ok "PVH guests are created" xencreate -n 10 --wait=ready /tmp/pvh.cfg
ok "a PVH guest is heard" wait_for 60 console_says small-2 "hello from domain $(domid small-2) small-2"
ok "xl shutdown of a PVH guest" timeout 60 xl shutdown -w small-2
ok "destroy them" xencreate destroy 'small-*'
ok "a Linux guest is created" xencreate "$(linux_cfg linux)"
ok "its console speaks" linux_up linux
ok "xl shutdown of it" timeout 60 xl shutdown -w linux
ok "destroy it" xencreate destroy linux
ok "no node, port or domain is left over" wait_for 60 nothing_left
