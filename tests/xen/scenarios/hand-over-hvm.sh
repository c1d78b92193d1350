# SPDX-License-Identifier: GPL-2.0-or-later
# HVM guests are handed to xl with their device models: in a batch with others, paused, killed half-way; nothing is left of them.
# all: no
# limit: 280
# with: device-model
start_daemons
. /share/dom0/hvm.sh
before=$(dom0_ports | wc -l)
store_nodes >/tmp/nodes-before
ls -A /run/xen >/tmp/files-before

models() {
	pidof xen-qemu-system-i386
}
no_models() {
	! models
}
# A folder that libxl makes with the first one stays for ever.
nothing_left() {
	store_nodes | grep -vx /local/domain/0/device-model >/tmp/nodes-after
	ls -A /run/xen | grep -v '^domid-history' >/tmp/files-after
	diff /tmp/nodes-before /tmp/nodes-after && diff /tmp/files-before /tmp/files-after && no_models &&
		[ "$(dom0_ports | wc -l)" = "$before" ] && [ "$(n_domains)" = 0 ] &&
		[ "$(ls /var/lib/xen | grep -vc '^userdata-d\.0\.')" = 0 ] && ! ls /run/xencreate/* 2>/dev/null
}
# paused NAME: "p" if it is.
paused() {
	xl list "$1" | awk 'NR == 2 { print substr($5, 3, 1) }'
}
cfg=$(hvm wide 2)
tiny_cfg tiny hello ready >/dev/null

ok "a dry run says whose it is" sh -c "xencreate --dry-run $cfg | grep -q '^wide .* hvm 32 MiB, 2 vCPU.*, by xl'"
ok "refused if that is wanted" sh -c "xencreate --hand-over=no $cfg 2>/tmp/errors; [ \$? = 4 ]"
is "and nothing was begun" "$(n_domains)" 0

ok "an HVM guest and one of ours in one batch" xencreate --name=%n-%d --json "$cfg" /tmp/tiny.cfg
cp /tmp/said /tmp/events
note "$(grep summary /tmp/events)"
id=$(domid wide-1)
[ -n "$id" ] || give_up "$(tail -n 5 /var/log/xen/qemu-dm-wide-1.log 2>/dev/null)"
is "it is one" "$(read_node "/libxl/$id/type")" hvm
is "with the batch's UUID" "$(xl list -v wide-1 | grep -c "$(sed -n 's/.*"created","name":"wide-1".*"uuid":"\([^"]*\)".*/\1/p' /tmp/events)")" 1
is "its device model runs" "$(read_node "/local/domain/$id/image/device-model-pid")" "$(models)"
is "it is not paused" "$(paused wide-1)" "-"
ok "its vCPU has run" wait_for 60 sh -c "xl vcpu-list wide-1 | awk 'NR == 2 { exit !(\$6 > 0) }'"
ok "its limit is recorded" sh -c "xenstore-read /libxl/$id/max-event-channels | grep -q '^1023 '"
ok "xl list -l knows it" sh -c "xl list -l wide-1 | grep -q '\"type\": \"hvm\"'"
ok "ours is beside it" domid tiny-1
ok "destroy both" xencreate destroy wide-1 tiny-1
ok "nothing is left, nor its device model" wait_for 60 nothing_left

ok "one that stays paused" xencreate --paused --name=waits "$cfg"
is "it does" "$(paused waits)" p
ok "xl destroys it" timeout 60 xl destroy waits
ok "nothing is left" wait_for 60 nothing_left

# The device model is there, and xl has not come to its end.
xencreate --name=killed "$cfg" >/tmp/said 2>&1 &
batch=$!
ok "a batch is killed when the device model has begun" wait_for 60 models
kill -9 $batch
wait $batch 2>/dev/null
ok "what it left is removed" xencreate --rollback
ok "nothing is left, nor its device model" wait_for 60 nothing_left
