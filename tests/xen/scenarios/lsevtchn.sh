# SPDX-License-Identifier: GPL-2.0-or-later
# lsevtchn prints what the stock one prints, to the byte, over domains of every kind there is here.
start_daemons
ok "a quiet guest" xl_create "$(tiny_cfg quiet hello)"
ok "a guest that takes 70 ports" xl_create "$(tiny_cfg hog hog-ports=70)"
ok "a guest that takes all its cap gives" xl_create "$(tiny_cfg greedy hog-ports)"
ok "a Linux guest" xl_create "$(linux_cfg linux)"
ok "the greedy one has had its fill" wait_for 60 read_node /local/domain/"$(domid greedy)"/data/ports
ok "Linux is up" linux_up linux

# same ARGUMENT…: both programs print the same on both streams and end alike.
same() {
	"$STOCK/lsevtchn" "$@" >/tmp/stock.out 2>/tmp/stock.err
	echo "status $?" >>/tmp/stock.err
	"$OURS/lsevtchn" "$@" >/tmp/ours.out 2>/tmp/ours.err
	echo "status $?" >>/tmp/ours.err
	cmp /tmp/stock.out /tmp/ours.out && cmp /tmp/stock.err /tmp/ours.err
}

for name in quiet hog greedy linux; do
	ok "domain $name is listed alike" same "$(domid $name)"
	note "$name: $(wc -l </tmp/ours.out) lines"
done
ok "dom0 is listed alike" same
note "dom0: $(wc -l </tmp/ours.out) lines"
ok "a domain that is not there" same 77
ok "words that are no number mean domain 0 there" same nonsense
ok "more words than one" same 0 1 2
ok "a negative number" same -1
ok "itself by its alias" same 32752
lsevtchn --summary >/tmp/summary
note "$(cat /tmp/summary)"
is "dom0's total is the number of its lines" "$(awk '/in use/ { print $3 }' /tmp/summary)" "$("$STOCK/lsevtchn" | wc -l)"
