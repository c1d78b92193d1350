# SPDX-License-Identifier: GPL-2.0-or-later
# The same with a hundred guests, for a minute.
# limit: 280
# all: no
. /share/dom0/kill9.sh
kill9 100 60
