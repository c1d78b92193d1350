# SPDX-License-Identifier: GPL-2.0-or-later
# xenstored is killed once a second, eight times, while guests ping through it; all of them go on.
# limit: 170
. /share/dom0/kill9.sh
kill9 12 8
