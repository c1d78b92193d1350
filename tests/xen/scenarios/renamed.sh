# SPDX-License-Identifier: GPL-2.0-or-later
# A domain that xl keeps under another name, and UUID, is no dead one.
start_daemons
cfg=$(tiny_cfg keep hello)
echo 'on_poweroff = "rename-restart"' >>"$cfg"
ok "xl makes a guest, and waits for its end" sh -c "xl create $cfg </dev/null >/tmp/xl-keep.log 2>&1"
id=$(domid keep)
ok "it speaks" wait_for 60 console_says keep hello
ok "it is told to end" xl shutdown keep
begun_anew() {
	[ "$(domid keep)" -gt "$id" ]
}
ok "it is begun anew" wait_for 60 begun_anew
ok "the one that has ended is kept under another name" sh -c "xl list | grep -q '^keep-[0-9TZ]* * $id '"
ok "another guest" xl_create "$(tiny_cfg other hello)"
ok "which dies" destroyed other
ok "the one that was kept is still in the store" sh -c "xenstore-read /local/domain/$id/name | grep -q '^keep-'"
note "$(xl list)"
ok "both go" sh -c "xl destroy keep; xl destroy $id"
is "none is left" "$(n_domains)" 0
