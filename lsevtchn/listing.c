/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The wording below is an interface: it must not be improved. */
#include "listing.h"

#include <inttypes.h>

#include "scan.h"

void listing_print(FILE *to, const struct scan *scan)
{
	for (size_t i = 0; i < scan->n_ports; i++) {
		const struct scan_port *port = &scan->ports[i];

		if (port->kind == SCAN_OWNED)
			continue;
		fprintf(to, "%4" PRIu32 ": VCPU %" PRIu32 ": ", port->port, port->vcpu);
		switch (port->kind) {
		case SCAN_UNBOUND:
			fprintf(to,
				"Interdomain (Waiting connection) - Remote Domain %" PRIu32 "\n",
				port->peer);
			break;
		case SCAN_INTERDOMAIN:
			fprintf(to,
				"Interdomain (Connected) - Remote Domain %" PRIu32 ", Port %" PRIu32
				"\n",
				port->peer, port->peer_port);
			break;
		case SCAN_PIRQ:
			fprintf(to, "Physical IRQ %" PRIu32 "\n", port->irq);
			break;
		case SCAN_VIRQ:
			fprintf(to, "Virtual IRQ %" PRIu32 "\n", port->irq);
			break;
		case SCAN_IPI:
			fputs("IPI\n", to);
			break;
		default:
			fputs("Unknown\n", to);
			break;
		}
	}
}
