# SPDX-License-Identifier: GPL-2.0-or-later
# Every mode of lsevtchn on a host with 200 guests: the screens of doc/lsevtchn-screens.md, and that they tell the truth.
# all: no
# limit: 280
start_daemons
page=$LOGS/lsevtchn-screens.md

# screen WORDS LINES STATUS COMMAND: runs the command, puts its first lines on the page, compares its status.
screen() {
	sh -c "$4" >/tmp/screen 2>&1
	is "$1" $? "$3"
	n_lines=$(wc -l </tmp/screen)
	{
		printf '\n## %s\n\n```\n$ %s\n' "$1" "$4"
		head -n "$2" /tmp/screen
		[ "$n_lines" -le "$2" ] || echo "… and $((n_lines - $2)) lines more"
		printf '```\n'
	} >>"$page"
}

cat >"$page" <<-'END'
	# lsevtchn on a host with 200 guests

	Made on real Xen 4.17 under QEMU (software emulation) by

	    tests/xen/run --results DIR screens; cp DIR/screens/log/lsevtchn-screens.md doc/

	192 quiet guests; three that hold more ports than others; one that takes all that its cap of 100 gives; one that holds 3,000 (cap
	none) under the 2-level interface; a Linux guest, which speaks FIFO, filled up to port 5,000; a PVH guest; and one that was
	created by `xl`. Long screens are cut.
END

make() {
	ok "$1" xencreate --quiet -n "$2" --name="$3" "$4"
}
cfg=$(tiny_cfg web hello)
echo 'max_event_channels = 63' >>"$cfg"
make "192 quiet guests" 192 "web-%03d" "$cfg"
for n in 1 2 3; do
	make "one with more ports" 1 "db-$n" "$(tiny_cfg db "hello hog-ports=$((40 * n))")"
done
cfg=$(tiny_cfg greedy hog-ports)
echo 'max_event_channels = 100' >>"$cfg"
make "one that takes all" 1 greedy "$cfg"
cfg=$(tiny_cfg big hog-ports=3000)
echo 'max_event_channels = "-1"' >>"$cfg"
ok "one with 3,000" xl_create "$cfg"
sed 's/"web"/"small"/; s/"pv"/"pvh"/' /tmp/web.cfg >/tmp/small.cfg
make "a PVH guest" 1 small /tmp/small.cfg
cfg=$(linux_cfg linux)
echo 'max_event_channels = 8191' >>"$cfg"
ok "a Linux guest" xl_create "$cfg"
ok "one made by xl" xl_create "$(tiny_cfg byhand hello)"
ok "Linux is up" linux_up linux
linux=$(domid linux)
evtchnload fill "$linux" $((5000 - $("$STOCK/lsevtchn" "$linux" | tail -n 1 | sed 's/^ *\([0-9]*\):.*/\1/'))) 0 >/tmp/filled 2>&1
ok "the ports of the big one are there" wait_for 60 guest_node big data/ports
ok "and those of the greedy one" wait_for 60 guest_node greedy data/ports

mkdir -p /etc/xen
cat >/etc/xen/event-channels.conf <<-'END'
	[default]
	hard = 1023
	soft = 100

	[name web-*]
	hard = 63
	soft = 16

	[name linux]
	hard = 8191
	soft = none
END
cat >/tmp/hvm.cfg <<-'END'
	name = "desktop"
	type = "hvm"
	vcpus = 2
	memory = 2048
	vif = ['bridge=xenbr0']
	disk = ['/dev/vg/desktop,raw,xvda,w']
END
cd /tmp || exit 1

screen "The stock listing: dom0" 12 0 "lsevtchn"
screen "One look: dom0" 30 0 "lsevtchn --summary"
screen "All domains, the fullest first" 14 1 "lsevtchn --all --sort=left"
screen "All domains, by what they cost dom0" 10 1 "lsevtchn --all --sort=dom0"
screen "dom0's ports by peer" 12 0 "lsevtchn --by-peer"
screen "A guest that speaks FIFO" 28 0 "lsevtchn --domain linux"
screen "A guest that took 3,000 ports" 28 1 "lsevtchn --summary big"
screen "Does every domain keep its cap?" 16 1 "lsevtchn --check-caps"
screen "What a batch would meet" 30 1 "lsevtchn --preflight -n 3000 web.cfg"
screen "A batch that fits" 30 0 "lsevtchn --preflight -n 10 web.cfg"
screen "What it costs, item by item" 60 1 "lsevtchn --preflight --explain hvm.cfg"
screen "A host that is not there" 24 1 "lsevtchn --preflight --assume dom0=2l-32,base=75,memory=4096G,bridge=2000 -n 400 hvm.cfg"
screen "A configuration amended" 6 0 "cp byhand.cfg more.cfg; lsevtchn --amend more.cfg; tail -n 2 more.cfg"
screen "For programs" 24 1 "lsevtchn --all --json"
screen "For a node exporter" 16 1 "lsevtchn --all --openmetrics"
screen "Watching, while a domain goes" 24 0 \
	"timeout -s INT 6 lsevtchn --watch=2 --summary | grep -E '^(    )?(20..-|domain|  *in use)' & sleep 3; xl destroy byhand; wait"

# That they tell the truth: against Debian's own program.
for id in 0 "$(domid web-001)" "$linux" "$(domid big)"; do
	is "the total of domain $id is the number of lines that Debian's program prints" \
		"$(lsevtchn --domain "$id" --json | awk -F'[:,]' '/"ports":/ { print $2 + 0; exit }')" "$("$STOCK/lsevtchn" "$id" | wc -l)"
done
is "200 domains beside dom0, less one" "$(lsevtchn --all --json | grep -c '"domid": [0-9]*,$' | awk '{ print ($1 >= 200) }')" 1
note "$(wc -l <"$page") lines on the page"
