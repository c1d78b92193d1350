# SPDX-License-Identifier: GPL-2.0-or-later
# What only xl does is handed to it by xencreate, or refused by name; it is undone, resumed and destroyed as the rest.
# limit: 200
start_daemons
left_over >/tmp/left-before
tiny_cfg ours hello ready >/dev/null
cfg=$(tiny_cfg heavy hello ready)
echo 'cpu_weight = 512' >>"$cfg"

ok "refused by name if that is wanted" sh -c "xencreate --hand-over=no $cfg 2>/tmp/errors; [ \$? = 4 ] && grep -q cpu_weight /tmp/errors"
is "and nothing was begun" "$(n_domains)" 0
sed 's/cpu_weight/cpu_wieght/' "$cfg" >/tmp/typo.cfg
ok "what xl would ignore is refused in any case" sh -c "xencreate /tmp/typo.cfg 2>/tmp/errors; [ \$? = 4 ] && grep -q cpu_wieght /tmp/errors"
ok "a dry run tells whose it is" sh -c "xencreate --dry-run -n 2 $cfg | grep -q '^heavy-2 .*, by xl'"

ok "three by xl and three by us, in one batch" xencreate -n 3 --wait=ready --json "$cfg" /tmp/ours.cfg
cp /tmp/said /tmp/events
is "six are there" "$(n_domains)" 6
is "all ran" "$(grep -c '"event":"created"' /tmp/events)" 6
is "what xl was to do is done" "$(xl sched-credit2 -d heavy-2 | awk 'END { print $3 }')" 512
is "their UUIDs are the batch's" "$(xl list -v heavy-3 | grep -o "$(sed -n 's/.*"created","name":"heavy-3".*"uuid":"\([^"]*\)".*/\1/p' /tmp/events)" | wc -l)" 1
ok "their limits are recorded" sh -c "xenstore-read /libxl/$(domid heavy-1)/max-event-channels | grep -q '^1023 '"
ok "xl list -l knows them" sh -c "xl list -l heavy-1 | grep -q '\"weight\": 512'"
ok "one is paused if that is wanted" xencreate --paused --name=waits "$cfg"
is "it is" "$(xl list waits | awk 'NR == 2 { print $5 }')" "--p---"
ok "destroy them" xencreate destroy --all
ok "nothing is left" wait_for 60 nothing_left

sed 's/^memory.*/memory = 1/' "$cfg" >/tmp/small.cfg
ok "xl's failure is the domain's" sh -c "xencreate --no-preflight -n 2 /tmp/small.cfg 2>/tmp/errors; [ \$? = 3 ]"
ok "in its words" sh -c "grep -q 'build: xl create: ' /tmp/errors || { cat /tmp/errors; false; }"
ok "nothing is left" wait_for 60 nothing_left
sed 's/ready/quiet/' "$cfg" >/tmp/quiet.cfg
ok "one that is never ready goes" sh -c "xencreate --wait=ready --timeout=1 /tmp/quiet.cfg; [ \$? = 3 ]"
ok "nothing is left" wait_for 60 nothing_left

# begin SIGNAL: a batch of ten is made, and gets a signal after the first two.
begin() {
	xencreate -n 10 --json "$cfg" >/tmp/events 2>&1 &
	batch=$!
	wait_for 60 sh -c "[ \$(grep -c '\"event\":\"created\"' /tmp/events) -ge 2 ]"
	kill "-$1" $batch
	wait $batch 2>/dev/null
}
begin TERM
is "what a signal leaves was reported as made" "$(n_domains)" "$(grep -c '"event":"created"' /tmp/events)"
ok "destroy it" xencreate destroy 'heavy-*'
ok "nothing is left" wait_for 60 nothing_left
begin KILL
ok "after a SIGKILL it is all removed" xencreate --rollback --all
ok "nothing is left" wait_for 60 nothing_left
begin KILL
ok "or the rest is made" xencreate --resume
is "all ten" "$(n_domains)" 10
ok "destroy them" xencreate destroy --all
ok "nothing is left" wait_for 60 nothing_left
