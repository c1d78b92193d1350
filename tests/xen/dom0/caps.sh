# SPDX-License-Identifier: GPL-2.0-or-later
# What the scenarios of caps share.
# capped NAME CAP CFG: gives a configuration a cap.
capped() {
	echo "max_event_channels = '$2'" >>"$3"
	echo "$3"
}

# figure DOMID MEMBER: one number from the JSON of a domain.
figure() {
	lsevtchn --domain "$1" --json | awk -F': ' -v member="\"$2\"" '$1 ~ "^ *" member "$" { sub(/,$/, "", $2); print $2; exit }'
}
