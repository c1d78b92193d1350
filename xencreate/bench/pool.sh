# SPDX-License-Identifier: GPL-2.0-or-later
# What a pool saves: whole runs of the program for one domain, from a pool and in the usual way by turns; a burst from a full pool and
# the same as a batch; and whether a batch is slower while a pool is empty and would like to fill up.
#   ROUNDS   how often (2)      PRESENT  domains that are there in the second part (200)
# limit: 280
ROUNDS=${ROUNDS:-2}
PRESENT=${PRESENT:-200}
SIZE=40 # twice as many as are taken at once: it does not fill up while they are
N=20

full() {
	xencreate pool --status --json tiny | grep -q "\"ready\":$SIZE,"
}
pool_up() {
	xencreate pool --size=$SIZE "$cfg" 2>>"$LOGS/pool.log" &
	pool=$!
	wait_for 60 full || give_up "the pool fills up"
}
# each NAME: how long a batch of 100 takes.
batch() {
	xencreate -n 100 --name="$1-%d" "$cfg" | sed -n '1s/.*(\([0-9.]*\) ms each.*/\1/p'
	xencreate destroy --quiet "$1-*" || give_up "destroying a batch"
}

start_daemons
cfg=$(tiny_cfg tiny hello)
pool_up
for present in 0 $PRESENT; do
	[ "$present" = 0 ] || ok "$present more are there" xencreate -n "$present" --name=present-%d --quiet "$cfg"
	for round in $(seq "$ROUNDS"); do
		wait_for 60 full || give_up "the pool fills up"
		note "$present present, --version:            $(runs $N xencreate --version)"
		note "$present present, one from a pool:      $(runs $N xencreate --from-pool=tiny --quiet --name=take-%d)"
		wait_for 60 full || give_up "the pool fills up"
		note "$present present, by xencreate-take:     $(runs $N xencreate-take --quiet --name=light-%d tiny)"
		note "$present present, one in the usual way: $(runs $N xencreate --quiet --name=make-%d "$cfg")"
		note "$present present, without a forecast:   $(runs $N xencreate --quiet --no-preflight --name=bare-%d "$cfg")"
		verdict 0 "round $round"
		xencreate destroy --quiet 'take-*' 'light-*' 'make-*' 'bare-*' || give_up "destroying them"
		wait_for 60 full || give_up "the pool fills up"
		note "$present present, a burst from a pool: $(xencreate --from-pool=tiny -n $N --name=burst-%d | tr '\n' ' ')"
		note "$present present, as a batch: $(xencreate -n $N --name=batch-%d "$cfg" | head -n 1)"
		xencreate destroy --quiet 'burst-*' 'batch-*' || give_up "destroying them"
	done
done
note "$(xencreate pool --status tiny | grep 'a take')"
for round in $(seq "$ROUNDS"); do
	wait_for 60 full || give_up "the pool fills up"
	xencreate --from-pool=tiny -n $N --name=gone-%d --quiet
	note "a batch of 100, the pool is empty: $(batch a) ms a domain"
	xencreate pool --drain tiny >/dev/null
	wait $pool
	note "a batch of 100 without a pool:     $(batch b) ms a domain"
	verdict 0 "batches, round $round"
	xencreate destroy --quiet 'gone-*'
	pool_up
done
xencreate pool --drain tiny
wait $pool
