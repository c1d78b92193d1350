# SPDX-License-Identifier: GPL-2.0-or-later
# The same with a hundred guests, for a minute.
# limit: 280
# all: no
. /share/dom0/update.sh
updates 100 60 500
