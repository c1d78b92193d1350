/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scan.h"

#include "fakehost.h"
#include "unit.h"

static const struct scan_port few[] = {
	{ .port = 1, .kind = SCAN_VIRQ, .irq = 0 },
	{ .port = 63, .kind = SCAN_IPI, .vcpu = 3 },
};

TEST(a_table_of_one_bucket_takes_one_question)
{
	struct fakehost host = { .n_valid = 64, .ports = few, .n_ports = 2 };
	struct scan_source source = fakehost_source(&host);
	struct scan scan = { 0 };

	CHECK_EQ(scan_read(&scan, 0, &source), 0);
	CHECK_EQ(scan.n_ports, 2);
	CHECK_EQ(scan.n_valid, 64);
	CHECK_EQ(scan.ports[0].port, 1);
	CHECK_EQ(scan.ports[1].port, 63);
	CHECK_EQ(scan.ports[1].vcpu, 3);
	CHECK_EQ(host.n_questions, 1);
	CHECK_EQ(host.n_asked, 65);
	scan_deinit(&scan);
}

TEST(a_full_fifo_table_is_read_to_its_last_port_and_no_further)
{
	const struct scan_port last = { .port = 131071, .kind = SCAN_IPI };
	struct fakehost host = { .n_valid = SCAN_PORTS_MAX, .ports = &last, .n_ports = 1 };
	struct scan_source source = fakehost_source(&host);
	struct scan scan = { 0 };

	CHECK_EQ(scan_read(&scan, 0, &source), 0);
	CHECK_EQ(scan.n_ports, 1);
	CHECK_EQ(scan.n_valid, SCAN_PORTS_MAX);
	CHECK_EQ(host.n_asked, SCAN_PORTS_MAX);
	CHECK(host.n_questions < 270);
	scan_deinit(&scan);
}

TEST(every_table_size_is_found_whole_however_answers_come_in)
{
	for (uint32_t n_valid = 64; n_valid <= 2048; n_valid += 64) {
		for (uint32_t at_once = 0; at_once < 4; at_once++) {
			const struct scan_port last = { .port = n_valid - 1, .kind = SCAN_IPI };
			struct fakehost host = {
				.n_valid = n_valid, .ports = &last, .n_ports = 1, .at_once = at_once
			};
			struct scan_source source = fakehost_source(&host);
			struct scan scan = { 0 };

			CHECK_EQ(scan_read(&scan, 0, &source), 0);
			CHECK_EQ(scan.n_valid, n_valid);
			CHECK_EQ(scan.n_ports, 1);
			scan_deinit(&scan);
		}
	}
}

TEST(the_hypervisors_own_ports_are_marked_and_do_not_end_the_scan)
{
	const struct scan_port ports[] = {
		{ .port = 3, .kind = SCAN_OWNED },
		{ .port = 5, .kind = SCAN_UNBOUND, .peer = 7 },
	};
	struct fakehost host = { .domid = 4, .n_valid = 64, .ports = ports, .n_ports = 2 };
	struct scan_source source = fakehost_source(&host);
	struct scan scan = { 0 };

	CHECK_EQ(scan_read(&scan, 4, &source), 0);
	CHECK_EQ(scan.n_ports, 2);
	CHECK_EQ(scan.ports[0].kind, SCAN_OWNED);
	CHECK_EQ(scan.ports[0].port, 3);
	CHECK_EQ(scan.ports[1].peer, 7);
	scan_deinit(&scan);
}

TEST(a_domain_that_is_not_there_says_so)
{
	struct fakehost host = { .domid = 1, .n_valid = 64 };
	struct scan_source source = fakehost_source(&host);
	struct scan scan = { 0 };

	CHECK_EQ(scan_read(&scan, 2, &source), -ESRCH);
	CHECK_EQ(scan.error, -ESRCH);
	CHECK_EQ(scan.n_ports, 0);
	scan_deinit(&scan);
}

TEST(what_was_read_before_a_failure_is_kept)
{
	struct fakehost host = {
		.n_valid = 64, .ports = few, .n_ports = 2, .fail_at = 30, .fail_with = -ESRCH
	};
	struct scan_source source = fakehost_source(&host);
	struct scan scan = { 0 };

	CHECK_EQ(scan_read(&scan, 0, &source), -ESRCH);
	CHECK_EQ(scan.n_ports, 1);
	CHECK_EQ(scan.n_valid, 30);
	scan_deinit(&scan);
}

TEST(a_dying_domain_may_shrink_its_table_while_it_is_read)
{
	struct fakehost host = {
		.n_valid = 256, .ports = few, .n_ports = 2, .shrink_at = 70, .shrink_to = 64
	};
	struct scan_source source = fakehost_source(&host);
	struct scan scan = { 0 };

	CHECK_EQ(scan_read(&scan, 0, &source), 0);
	CHECK_EQ(scan.n_ports, 2);
	scan_deinit(&scan);
}

static int refuse(void *ctx, uint32_t domid, uint32_t first, uint32_t n,
		  struct scan_answer *answers)
{
	(void)ctx, (void)domid, (void)first, (void)n, (void)answers;
	return -EPERM;
}

TEST(a_source_that_cannot_ask_is_an_error)
{
	const struct scan_source source = { .status = refuse };
	struct scan scan = { 0 };

	CHECK_EQ(scan_read(&scan, 0, &source), -EPERM);
	CHECK_EQ(scan.error, -EPERM);
	scan_deinit(&scan);
}

TEST(a_scan_can_be_used_again)
{
	struct fakehost host = { .n_valid = 64, .ports = few, .n_ports = 2 };
	struct scan_source source = fakehost_source(&host);
	struct scan scan = { 0 };

	CHECK_EQ(scan_read(&scan, 9, &source), -ESRCH);
	CHECK_EQ(scan_read(&scan, 0, &source), 0);
	CHECK_EQ(scan.error, 0);
	CHECK_EQ(scan.n_ports, 2);
	scan_deinit(&scan);
}

TEST(virqs_have_their_names)
{
	CHECK_STR_EQ(scan_virq_name(3), "DOM_EXC");
	CHECK_STR_EQ(scan_virq_name(16), "MCA");
	CHECK(!scan_virq_name(5));
	CHECK(!scan_virq_name(17));
	CHECK(!scan_virq_name(0xffffffff));
}
