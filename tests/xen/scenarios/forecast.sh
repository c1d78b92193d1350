# SPDX-License-Identifier: GPL-2.0-or-later
# What lsevtchn --preflight forecasts is what then happens: memory and pseudo terminals, up to the refusal.
# limit: 240
start_daemons
cfg=$(tiny_cfg guest hello)

# figure MEMBER: one number from the JSON of a forecast.
figure() {
	awk -F': ' -v member="\"$1\"" '$1 ~ "^ *" member "$" { gsub(/[",]/, "", $2); print $2; exit }' /tmp/forecast
}

# made: domains that run now.
made() {
	lsevtchn --all --no-names --json | grep -c '"state": "running"'
}

# Terminals: six more, so that the kernel refuses the sixth.
echo $(($(cat /proc/sys/kernel/pty/nr) + 6)) >/proc/sys/kernel/pty/max
lsevtchn --preflight --json -n 6 "$cfg" >/tmp/forecast
status=$?
is "terminals are in the way" "$(figure binding)" ptys
is "five would fit" "$(figure would_fit)" 5
ok "five fit" lsevtchn --preflight -n 5 "$cfg"
ok "five are made" xencreate -n 5 "$cfg"
if [ "$CONSOLE" = ours ]; then # which allows itself more when it has none left
	is "for six it cannot be said" $status 2
	ok "a sixth" xencreate --name sixth "$cfg"
else
	is "six do not fit" $status 1
	fails "no sixth" xencreate --name sixth --timeout=3 "$cfg"
fi
echo 4096 >/proc/sys/kernel/pty/max

# Grants: more frames than the host allows a domain.
sed 's/"guest"/"granted"/' "$cfg" >/tmp/granted.cfg
echo 'max_grant_frames = 65' >>/tmp/granted.cfg
lsevtchn --preflight /tmp/granted.cfg >/tmp/forecast
is "65 frames of grants are forecast to be refused" "$? $(grep -c "max_grant_frames = 65 is above the host's" /tmp/forecast)" "1 1"
fails "and are" xencreate --no-preflight /tmp/granted.cfg
sed -i 's/65/64/' /tmp/granted.cfg
lsevtchn --preflight /tmp/granted.cfg >/tmp/forecast
is "of 64 nothing is said" "$(grep -c 'max_grant_frames' /tmp/forecast)" 0
ok "and they are granted" xencreate --no-preflight /tmp/granted.cfg
xencreate destroy granted >/dev/null 2>&1

# Nodes: what is counted for a domain covers what it begins with. (All in one folder, the folder's size ends it before the quota.)
ok "a guest that makes nodes until it may not" xencreate --no-preflight "$(tiny_cfg hoarder hog-nodes)"
hoarded() {
	guest_node hoarder data/nodes | grep ' '
}
ok "it has come to the end" wait_for 60 hoarded
made=$(guest_node hoarder data/nodes)
owned=$(xenstore-ls -fp | grep -c "([nrwb]$(domid hoarder)[,)]")
note "it made ${made}; $owned nodes are its own"
lsevtchn --preflight --json /tmp/hoarder.cfg >/tmp/forecast
asked=$(awk -F': ' '/"guest-nodes"/ { mine = 1 } /"amount"/ { if (mine) sum += $2; mine = 0 } END { print sum + 0 }' /tmp/forecast)
ok "it has no more than its quota" [ "$owned" -le 1000 ]
ok "what is counted for a domain ($asked) covers what it begins with" [ $((owned - ${made%% *})) -le "$asked" ]
xencreate destroy hoarder >/dev/null 2>&1

# Memory: until the hypervisor has no more. The reserve of 8 MiB is what the forecast leaves untouched.
sed -i 's/^memory = .*/memory = 32/' "$cfg"
lsevtchn --preflight --json -n 200 "$cfg" >/tmp/forecast
is "two hundred of 32 MiB do not fit" $? 1
is "memory is in the way" "$(figure binding)" memory
forecast=$(figure would_fit)
before=$(made)
ok "as many as forecast are made" xencreate --name big%d -n "$forecast" "$cfg"
xencreate --name more%d -n 5 "$cfg" >/tmp/said 2>&1
note "$(tail -n 3 /tmp/said)"
fact=$(($(made) - before))
note "forecast $forecast, made $fact"
ok "and no more than the reserve allows" [ $fact -le $((forecast + 1)) ]
lsevtchn --preflight --json "$cfg" >/tmp/forecast
is "now none would fit" "$(figure would_fit)" 0
