# SPDX-License-Identifier: GPL-2.0-or-later
# xenstored is replaced while it works: by itself for six seconds, by Debian's and back. Guests that ping through it go on.
# limit: 240
. /share/dom0/update.sh
updates 10 6 100
