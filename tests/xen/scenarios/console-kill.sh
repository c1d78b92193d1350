# SPDX-License-Identifier: GPL-2.0-or-later
# The console daemon is killed at random moments while guests print and flood; every line of every guest is in its log.
# all: no
# limit: 500
[ "$CONSOLE" = ours ] || {
	skip "kills" "the stock daemon loses what it has taken"
	finish
}
start_daemons
N=${N:-20}
KILLS=${KILLS:-25}
LINES=${LINES:-600}

# numbers NAME: of all its lines, also of those that a kill has put into one line with a piece of their own.
numbers() {
	grep -o 'chatter [0-9]* abcdefghijkl\|chatter [0-9]* [a-z]' "$CONSOLE_LOGS/guest-$1.log" | cut -d ' ' -f 2
}
ok "$N guests that talk" create_many "$N" guest hello "chatter=25,$LINES,60"
ok "one that floods" create_many 1 flood flood-console
seed=$(date +%s)
note "seed $seed"
for round in $(seq "$KILLS"); do
	# Hundredths of a second, 0 to 0.99.
	sleep "$(awk -v s=$((seed + round)) 'BEGIN { srand(s); printf "%.2f", rand() }')"
	kill -9 $console_pid
	wait $console_pid 2>/dev/null
	start_console >/dev/null || break
done
is "killed and started again $KILLS times" "$round" "$KILLS"
all_said() {
	for number in $(seq "$N"); do
		grep -q "chatter $((LINES - 1)) " $CONSOLE_LOGS/guest-guest"$number".log || return
	done
}
ok "all guests have printed their last line" wait_for 240 all_said
lost=0
again=0
for number in $(seq "$N"); do
	all=$(numbers guest"$number" | wc -l)
	different=$(numbers guest"$number" | sort -u | wc -l)
	lost=$((lost + LINES - different))
	again=$((again + all - different))
done
is "of $((N * LINES)) lines not one is lost" $lost 0
note "$again lines are there twice"
ok "no kill repeats more than one ring of one guest" test $again -le $((KILLS * 2048 / 60))
