# SPDX-License-Identifier: GPL-2.0-or-later
# The contract's calls on real Xen, without any daemon: the answers must be those on record.
#   tests/xen/run --with build/gcc/simxen/contract/contract --with simxen/contract/answers.txt simxen/contract/contract.sh
# The answers are kept in $LOGS/answers.txt: with --results they come back and can become the record.
# limit: 110
xen_devices
"$OURS/contract" "$GUESTS/guest" >"$LOGS/answers.txt" 2>"$LOGS/contract.err"
is "the program ran to its end" "$?" 0
ok "the answers are those on record" diff "$OURS/answers.txt" "$LOGS/answers.txt"
note "$(wc -l <"$LOGS/answers.txt") answers"
