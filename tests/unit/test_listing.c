/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "listing.h"

#include <stdlib.h>

#include "scan.h"
#include "unit.h"

static void check_lines(const struct scan_port *ports, size_t n_ports, const char *expected)
{
	struct scan scan = { .ports = (struct scan_port *)ports, .n_ports = n_ports };
	CLEANUP(free) char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	CHECK(to);
	listing_print(to, &scan);
	CHECK_EQ(fclose(to), 0);
	CHECK_STR_EQ(text, expected);
}

TEST(each_kind_reads_as_the_stock_program_writes_it)
{
	const struct scan_port ports[] = {
		{ .port = 1, .kind = SCAN_VIRQ, .irq = 16 },
		{ .port = 2, .kind = SCAN_IPI, .vcpu = 12 },
		{ .port = 8, .kind = SCAN_PIRQ, .irq = 9 },
		{ .port = 17, .kind = SCAN_INTERDOMAIN, .peer = 0, .peer_port = 6 },
		{ .port = 1019, .kind = SCAN_UNBOUND, .peer = 32751 },
		{ .port = 131071, .kind = SCAN_OTHER, .irq = 77 },
	};

	check_lines(ports, 6,
		    "   1: VCPU 0: Virtual IRQ 16\n"
		    "   2: VCPU 12: IPI\n"
		    "   8: VCPU 0: Physical IRQ 9\n"
		    "  17: VCPU 0: Interdomain (Connected) - Remote Domain 0, Port 6\n"
		    "1019: VCPU 0: Interdomain (Waiting connection) - Remote Domain 32751\n"
		    "131071: VCPU 0: Unknown\n");
}

TEST(the_hypervisors_own_ports_are_left_out)
{
	const struct scan_port ports[] = {
		{ .port = 3, .kind = SCAN_OWNED },
		{ .port = 4, .kind = SCAN_IPI },
	};

	check_lines(ports, 2, "   4: VCPU 0: IPI\n");
}
