# SPDX-License-Identifier: GPL-2.0-or-later
# A Linux guest that xencreate has made, in the hands of xl: console, reboot, lists, pause, rename, pools; it leaves nothing.
# limit: 200
start_daemons
left_over >/tmp/left-before
# state NAME: the six letters of xl list.
state() {
	xl list "$1" | awk 'NR == 2 { print $5 }'
}
cfg=$(linux_cfg linux)
printf 'on_reboot = "preserve"\non_crash = "coredump-destroy"\nmaxvcpus = 2\n' >>"$cfg"

ok "it is made" xencreate "$cfg"
id=$(domid linux)
ok "it is up" linux_up linux
# Of a terminal it would take words, too; here they go to the guest's terminal without it.
timeout 30 xl console linux </dev/null >/tmp/console 2>&1 &
sleep 2
timeout 60 sh -c "echo hello there >\"$(guest_node linux console/tty)\""
ok "xl console shows what the guest says" wait_for 60 grep "guest: you said hello there" /tmp/console
ok "xl list -l notes what was to happen" sh -c "xl list -l linux | grep -q '\"on_reboot\": *\"preserve\"' && xl list -l linux | grep -q '\"on_crash\": *\"coredump_destroy\"'"
is "xl vcpu-list: the second waits for xl vcpu-set" "$(xl vcpu-list linux | awk 'NR > 1 { print $3, $5 }' | tail -n 1)" "1 --p"
ok "xl vcpu-set" xl vcpu-set linux 2
is "tells the guest of it" "$(guest_node linux cpu/1/availability)" online
ok "xl pause" xl pause linux
is "it is paused" "$(state linux | cut -c3)" p
ok "xl unpause" xl unpause linux
ok "xl rename" xl rename linux other
is "its name is new" "$(xl domid other)" "$id"
ok "xl mem-set" xl mem-set other 120
ok "it follows" wait_for 60 sh -c "[ \$(xl list other | awk 'NR == 2 { print \$3 }') -le 121 ]"
ok "xl sysrq is heard" xl sysrq other h
letter_taken() {
	[ -z "$(read_node "/local/domain/$id/control/sysrq" | tr -d '\0')" ]
}
ok "the store has the letter no more, because the guest has taken it" wait_for 60 letter_taken

# Nobody stays to begin it anew: it has shut down, and says that it wanted to come back.
ok "xl reboot is heard" xl reboot other
shut_down() {
	case $(state "$1") in
	???s??) ;;
	*)
		xl list "$1"
		return 1
		;;
	esac
}
ok "it has shut down and remains" wait_for 60 shut_down other
is "its reason is that it wants to come back" "$(xl list -v other | awk 'NR == 2 { print $8 }')" 1
ok "after a while, still" sh -c "sleep 2; [ \$(xl domid other) = $id ]"
ok "it can be destroyed, and is" xencreate destroy other
ok "nothing is left" wait_for 60 nothing_left

ok "another one" xencreate "$cfg"
ok "is up" wait_for 60 guest_node linux data/hello
ok "xl shutdown -w" timeout 60 xl shutdown -w linux
ok "it, too, remains" shut_down linux
ok "xl destroy" timeout 30 xl destroy linux
ok "nothing is left" wait_for 60 nothing_left

# CPU pools: the second CPU goes into one of its own.
printf 'name = "second"\nsched = "credit2"\ncpus = ["1"]\n' >/tmp/pool.cfg
ok "a CPU is taken from Pool-0" xl cpupool-cpu-remove Pool-0 1
ok "a second pool" xl cpupool-create /tmp/pool.cfg
pool=$(read_node /local/pool/1/name)
is "has number 1" "$pool" second
cfg=$(tiny_cfg pooled hello ready)
echo 'pool = "1"' >>"$cfg"
ok "a domain is made in it" xencreate --wait=ready "$cfg"
is "it is there" "$(xl list -c pooled | awk 'NR == 2 { print $NF }')" second
sed 's/pooled/pinned/' "$cfg" >/tmp/pinned.cfg
sed -i 's/pool = .*/pool = "second"/; s/pooled/named/' "$cfg"
ok "by the pool's name (xl makes it)" xencreate --wait=ready "$cfg"
is "it is there, too" "$(xl list -c named | awk 'NR == 2 { print $NF }')" second
ok "pinned within the pool" xencreate --place=pin -n 2 --name=pinned%d --wait=ready --hand-over=no /tmp/pinned.cfg
is "the pool's own CPU" "$(xl vcpu-list pinned2 | awk 'NR == 2 { print $7 }')" 1
ok "a pool that is not there fails the domain" sh -c "sed 's/pool = .*/pool = \"7\"/' $cfg >/tmp/none.cfg; ! xencreate --name=none /tmp/none.cfg"
ok "destroy them" xencreate destroy --all
ok "the pool can go" sh -c "xl cpupool-destroy second && xl cpupool-cpu-add Pool-0 1"
ok "nothing is left" wait_for 60 nothing_left
