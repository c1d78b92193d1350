/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "abi.h"

#include <errno.h>

#include "unit.h"

static void check(struct abi_evidence evidence, enum abi_kind kind, enum abi_proof proof)
{
	struct abi abi = abi_judge(&evidence);

	CHECK_EQ(abi.kind, kind);
	CHECK_EQ(abi.proof, proof);
	CHECK(abi.why && *abi.why);
}

TEST(a_table_beyond_2_level_proves_fifo_against_everything_else)
{
	check((struct abi_evidence){ .n_valid = 4160 }, ABI_FIFO, ABI_PROVEN);
	check((struct abi_evidence){ .n_valid = 4160, .forced_2l = true }, ABI_FIFO, ABI_PROVEN);
	check((struct abi_evidence){ .n_valid = 1088, .word = 32 }, ABI_FIFO, ABI_PROVEN);
}

TEST(a_table_within_2_level_proves_nothing)
{
	check((struct abi_evidence){ .n_valid = 4096 }, ABI_2L_64, ABI_UNKNOWN);
	check((struct abi_evidence){ .n_valid = 1088, .word = 64 }, ABI_2L_64, ABI_UNKNOWN);
	check((struct abi_evidence){ .n_valid = 1024, .word = 32 }, ABI_2L_32, ABI_UNKNOWN);
	check((struct abi_evidence){ .n_valid = 1088 }, ABI_2L_64, ABI_UNKNOWN);
}

TEST(a_word_size_that_is_not_known_is_taken_as_the_smaller)
{
	check((struct abi_evidence){ .n_valid = 64 }, ABI_2L_32, ABI_UNKNOWN);
	check((struct abi_evidence){ .n_valid = 1024 }, ABI_2L_32, ABI_UNKNOWN);
	check((struct abi_evidence){ .n_valid = 64, .word = 64 }, ABI_2L_64, ABI_UNKNOWN);
}

TEST(the_hypervisor_is_believed_before_the_log)
{
	check((struct abi_evidence){ .word = 64, .told = ABI_TOLD_2L, .log = ABI_LOG_FIFO },
	      ABI_2L_64, ABI_PROVEN);
	check((struct abi_evidence){ .told = ABI_TOLD_FIFO, .forced_2l = true }, ABI_FIFO,
	      ABI_PROVEN);
	check((struct abi_evidence){ .told = ABI_TOLD_2L, .word = 32 }, ABI_2L_32, ABI_PROVEN);
}

TEST(the_log_is_believed_before_the_command_line)
{
	check((struct abi_evidence){ .log = ABI_LOG_FIFO, .forced_2l = true }, ABI_FIFO,
	      ABI_PROVEN);
	check((struct abi_evidence){ .word = 64, .log = ABI_LOG_2L, .kernel = 6 << 16 | 1 },
	      ABI_2L_64, ABI_PROVEN);
}

TEST(a_kernels_age_is_an_assumption)
{
	check((struct abi_evidence){ .kernel = 6 << 16 | 1 }, ABI_FIFO, ABI_ASSUMED);
	check((struct abi_evidence){ .kernel = 3 << 16 | 14 }, ABI_FIFO, ABI_ASSUMED);
	check((struct abi_evidence){ .word = 64, .kernel = 3 << 16 | 13 }, ABI_2L_64, ABI_ASSUMED);
	check((struct abi_evidence){ .word = 64, .kernel = 6 << 16 | 1, .forced_2l = true },
	      ABI_2L_64, ABI_ASSUMED);
}

TEST(names_and_limits_agree)
{
	enum abi_kind kind;

	CHECK_EQ(abi_ports(ABI_2L_32), 1024);
	CHECK_EQ(abi_ports(ABI_2L_64), 4096);
	CHECK_EQ(abi_ports(ABI_FIFO), 131072);
	for (unsigned int i = 0; i < ABI_N_KINDS; i++) {
		CHECK_EQ(abi_parse(&kind, abi_name(i)), 0);
		CHECK_EQ(kind, i);
	}
	CHECK_EQ(abi_parse(&kind, "3l"), -EINVAL);
}
