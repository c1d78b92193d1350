# SPDX-License-Identifier: GPL-2.0-or-later
# What a scenario is written with. Output is TAP; everything here is busybox sh.
#
#   $OURS            folder of our programs (also first in $PATH)      $STOCK  folder of Debian's
#   $STORE $CONSOLE  which daemons this run is about: ours, stock, or (store only) oxenstored
#   $LOGS            comes back to the caller when the scenario has failed
OURS=/opt/xenscale/bin
GUESTS=/opt/xenscale/guests
LOGS=/share/log
CONSOLE_LOGS=/var/log/xen/console
n_tests=0
n_failed=0
store_pid=
console_pid=

# --- saying what was seen -------------------------------------------------------------------------------------

# note TEXT: a remark in the output.
note() {
	echo "$*" | sed 's/^/# /'
}

# verdict STATUS NAME: one test's result.
verdict() {
	n_tests=$((n_tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n_tests - $2"
	else
		n_failed=$((n_failed + 1))
		echo "not ok $n_tests - $2"
	fi
}

# ok NAME COMMAND…: the command must succeed; what it said is shown if it does not.
ok() {
	ok_name=$1
	shift
	"$@" >/tmp/said 2>&1
	ok_status=$?
	verdict $ok_status "$ok_name"
	[ $ok_status = 0 ] || note "status $ok_status from: $*" "$(printf '\n'; tail -n 30 /tmp/said)"
}

# fails NAME COMMAND…: the command must not succeed.
fails() {
	fails_name=$1
	shift
	if "$@" >/tmp/said 2>&1; then
		verdict 1 "$fails_name"
		note "succeeded: $*" "$(printf '\n'; tail -n 30 /tmp/said)"
	else
		verdict 0 "$fails_name"
	fi
}

# is NAME GOT WANTED: two texts must be the same.
is() {
	[ "$2" = "$3" ]
	verdict $? "$1"
	[ "$2" = "$3" ] || note "got:    $2" "$(printf '\nwanted: %s' "$3")"
}

# skip NAME WHY
skip() {
	n_tests=$((n_tests + 1))
	echo "ok $n_tests - $1 # SKIP $2"
}

# finish: the plan, and an exit status that says whether all went well. Called when the scenario ends.
finish() {
	echo "1..$n_tests"
	[ "$n_failed" = 0 ] || cp $CONSOLE_LOGS/* "$LOGS" 2>/dev/null
	[ "$n_failed" = 0 ] && [ "$n_tests" -gt 0 ]
	exit
}

# give_up WHY: nothing after this makes sense.
give_up() {
	verdict 1 "$*"
	finish
}

# wait_for SECONDS COMMAND…: repeats the command until it succeeds.
wait_for() {
	wait_end=$(($(date +%s) + $1))
	shift
	until "$@" >/tmp/said 2>&1; do
		if [ "$(date +%s)" -gt "$wait_end" ]; then
			cat /tmp/said
			return 1
		fi
		sleep 0.1
	done
}

# running PID
running() {
	[ -n "$1" ] && kill -0 "$1" 2>/dev/null
}

# --- daemons --------------------------------------------------------------------------------------------------

store_answers() {
	timeout 60 xenstore-exists /
}

# start_store, start_console: start a daemon in the foreground of its own log and wait until it serves.
start_store() {
	case $STORE in
	ours) set -- "$OURS/xenstored" --no-fork ;;
	stock) set -- "$STOCK/xenstored" --no-fork ;;
	oxenstored)
		mkdir -p /etc/xen
		printf '%s\n' 'xenstored-kva = /proc/xen/xsd_kva' 'xenstored-port = /proc/xen/xsd_port' \
			'pid-file = /run/xenstored.pid' 'access-log-nb-files = 0' >/etc/xen/oxenstored.conf
		set -- "$STOCK/oxenstored" --no-fork --config-file=/etc/xen/oxenstored.conf
		;;
	esac
	export XENSTORED_ROOTDIR=/var/lib/xenstored
	"$@" --pid-file=/run/xenstored.pid >>"$LOGS/xenstored.log" 2>&1 &
	store_pid=$!
	wait_for 60 store_answers || {
		note "$1 does not answer:" "$(printf '\n'; tail -n 20 "$LOGS/xenstored.log")"
		return 1
	}
}

start_console() {
	case $CONSOLE in
	ours) set -- "$OURS/xenconsoled" ;;
	stock) set -- "$STOCK/xenconsoled" ;;
	esac
	"$@" --interactive --log=guest --log-dir=$CONSOLE_LOGS --pid-file=/run/xenconsoled.pid >>"$LOGS/xenconsoled.log" 2>&1 &
	console_pid=$!
	sleep 0.2
	running $console_pid || {
		note "$1 ended:" "$(printf '\n'; tail -n 20 "$LOGS/xenconsoled.log")"
		return 1
	}
}

# xen_devices: what units would otherwise see to.
xen_devices() {
	for module in xen-evtchn xen-privcmd xen-gntdev xen-gntalloc; do
		modprobe $module || return
	done
	[ -f /proc/xen/capabilities ] || mount -t xenfs xenfs /proc/xen
}

# start_daemons: all that dom0 needs, in their order.
start_daemons() {
	[ -e /dev/xen/privcmd ] || xen_devices || give_up "Xen's devices are there"
	start_store || give_up "xenstored ($STORE) starts"
	timeout 20 xen-init-dom0 >"$LOGS/xen-init-dom0.log" 2>&1 || give_up "xen-init-dom0 against xenstored ($STORE)"
	start_console || give_up "xenconsoled ($CONSOLE) starts"
	note "daemons are up: xenstored ($STORE), xenconsoled ($CONSOLE)"
}

# --- guests ---------------------------------------------------------------------------------------------------

# tiny_cfg NAME WORDS…: writes an xl.cfg for our own tiny kernel, which does what the words say; prints its path.
tiny_cfg() {
	tiny_name=$1
	shift
	cat >/tmp/"$tiny_name".cfg <<-CFG
		name = "$tiny_name"
		type = "pv"
		kernel = "$GUESTS/guest"
		cmdline = "$*"
		memory = 4
		vcpus = 1
	CFG
	echo /tmp/"$tiny_name".cfg
}

# linux_cfg NAME: the same for a Linux guest with a store client in it.
linux_cfg() {
	cat >/tmp/"$1".cfg <<-CFG
		name = "$1"
		type = "pv"
		kernel = "/image/vmlinux"
		ramdisk = "/image/guest.cpio"
		cmdline = "console=hvc0 quiet"
		memory = 128
		vcpus = 1
	CFG
	echo /tmp/"$1".cfg
}

# xl_create CFG: Debian's way to make a domain.
xl_create() {
	timeout 60 xl create "$1" >>"$LOGS/xl.log" 2>&1 || {
		tail -n 5 "$LOGS/xl.log"
		return 1
	}
}

# create_many N NAME WORDS…: N tiny guests NAME1, NAME2, …, by our creator if it is built, else by xl.
create_many() {
	many_n=$1
	many_name=$2
	shift 2
	if [ -x "$OURS/xencreate" ]; then
		timeout 120 xencreate -n "$many_n" --name="$many_name%d" "$(tiny_cfg "$many_name" "$@")"
		return
	fi
	for number in $(seq "$many_n"); do
		timeout 60 xl create -e "$(tiny_cfg "$many_name$number" "$@")" >>"$LOGS/xl.log" 2>&1 || {
			tail -n 5 "$LOGS/xl.log"
			return 1
		}
	done
}

# domid NAME
domid() {
	timeout 60 xl domid "$1" 2>/dev/null
}

# gone NAME: no domain of this name is left.
gone() {
	! timeout 60 xl domid "$1" >/dev/null 2>&1
}

# destroyed NAME: no domain of this name is left, whether it ended itself or had to be made to.
destroyed() {
	timeout 30 xl destroy "$1" 2>/dev/null
	wait_for 60 gone "$1"
}

# read_node PATH
read_node() {
	timeout 60 xenstore-read "$1" 2>/dev/null
}

# guest_node NAME PATH: a node of a guest's own directory.
guest_node() {
	read_node "/local/domain/$(domid "$1")/$2"
}

# console_says NAME TEXT: has the guest's console log a line with this text?
console_says() {
	grep -q -- "$2" "$CONSOLE_LOGS/guest-$1.log" 2>/dev/null
}

# state_of NAME: what can be seen from outside of a guest that does not do what it should.
state_of() {
	state_domid=$(domid "$1")
	xl vcpu-list "$1"
	lsevtchn "$state_domid"
	xenstore-ls "/local/domain/$state_domid"
	tail -n 5 "$LOGS/xenstored.log" "$LOGS/xenconsoled.log"
	# The run queues, and each domain's event channels with what is pending and masked.
	xl debug-keys r
	xl debug-keys e
	xl dmesg | tail -n 60
}

# linux_up NAME: a Linux guest of linux_cfg() has started its first program, and its console tells.
linux_up() {
	wait_for 60 console_says "$1" "guest: $1 is up" || {
		state_of "$1" >"$LOGS/state-$1.log" 2>&1
		echo "state-$1.log tells what can be seen of it"
		return 1
	}
}

# dom0_ports: dom0's event channels as the stock tool lists them, without the vCPU.
dom0_ports() {
	timeout 20 "$STOCK/lsevtchn" 0 | sed 's/VCPU [0-9]*: //'
}

# store_nodes: the name of every node, without the two parents that the first domain makes for ever.
store_nodes() {
	timeout 60 xenstore-ls -f | sed 's/ = .*//' | grep -vx -e /vm -e /libxl
}

# left_over: what a domain that is gone may not leave. nothing_left: is it what was in /tmp/left-before? Says what is not.
left_over() {
	store_nodes
	echo "$(dom0_ports | wc -l) ports of dom0"
	echo "$(n_domains) domains"
	ls /var/lib/xen | grep -v '^userdata-d\.0\.'
	ls /run/xencreate 2>/dev/null
}
nothing_left() {
	left_over >/tmp/left-after
	diff /tmp/left-before /tmp/left-after
}

# n_domains: how many domains there are beside dom0.
n_domains() {
	timeout 60 xl list | tail -n +3 | wc -l
}
