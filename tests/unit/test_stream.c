/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stream's bytes: what others write is understood, and what is damaged is refused. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "unit.h"
#include "update/reader.h"
#include "update/restore.h"
#include "update/writer.h"

static void write_some(struct writer *writer)
{
	struct stream_perm perms[] = { { 0, 'n', false }, { 3, 'b', true } };

	writer_begin(writer, 2);
	writer_global(writer, &(struct stream_global){ 3, -1 });
	writer_conn(writer, &(struct stream_conn){ .id = 1,
						   .domid = 5,
						   .target = STREAM_NO_TARGET,
						   .port = 9,
						   .in_len = 3,
						   .out_len = 5,
						   .partial_len = 2 });
	writer_bytes(writer, "abcdefgh", 8);
	writer_conn_end(writer);
	writer_watch(writer, &(struct stream_watch){ 1, "/path", "token", 5, 5, 3 });
	writer_watch(writer, &(struct stream_watch){ 1, "rel", "", 3, 0, UINT16_MAX });
	writer_txn(writer, &(struct stream_txn){ 1, 8 });
	writer_node(
		writer,
		&(struct stream_node){
			.path = "/", .path_len = 1, .value = "v", .value_len = 1, .n_perms = 2 },
		perms);
	writer_quota(writer, &(struct writer_limit){ "nodes", 12 }, 1);
	writer_domain(writer, 5, 6, &(struct writer_limit){ "watches", 13 }, 1);
	CHECK_EQ(writer_finish(writer), 0);
	CHECK_EQ(writer->len % 8, 0);
}

static struct stream_record next(struct reader *reader, uint32_t type)
{
	struct stream_record record;

	CHECK_EQ(reader_next(reader, &record), 1);
	CHECK_EQ(record.type, type);
	return record;
}

TEST(what_is_written_is_read)
{
	struct writer writer = { 0 };
	struct stream_record record;
	struct reader reader;

	write_some(&writer);
	CHECK_EQ(reader_begin(&reader, writer.data, writer.len), 0);
	record = next(&reader, STREAM_GLOBAL);
	CHECK_EQ(record.global.listen_fd, 3);
	CHECK_EQ(record.global.evtchn_fd, -1);
	record = next(&reader, STREAM_CONN);
	CHECK_EQ(record.conn.domid, 5);
	CHECK_EQ(record.conn.port, 9);
	CHECK_MEM_EQ(record.conn.in, "abc", 3);
	CHECK_MEM_EQ(record.conn.out, "defgh", 5);
	CHECK_EQ(record.conn.partial_len, 2);
	record = next(&reader, STREAM_WATCH_EXT);
	CHECK_STR_EQ(record.watch.path, "/path");
	CHECK_STR_EQ(record.watch.token, "token");
	CHECK_EQ(record.watch.depth, 3);
	record = next(&reader, STREAM_WATCH);
	CHECK_STR_EQ(record.watch.path, "rel");
	CHECK_EQ(record.watch.token_len, 0);
	CHECK_EQ(record.watch.depth, UINT16_MAX);
	record = next(&reader, STREAM_TXN);
	CHECK_EQ(record.txn.id, 8);
	record = next(&reader, STREAM_NODE);
	CHECK_STR_EQ(record.node.path, "/");
	CHECK_EQ(record.node.n_perms, 2);
	CHECK_EQ(reader_perm(&reader, record.node.perms, 1).domid, 3);
	CHECK_EQ(reader_perm(&reader, record.node.perms, 1).rights, 'b');
	CHECK(reader_perm(&reader, record.node.perms, 1).stale);
	record = next(&reader, STREAM_QUOTA);
	CHECK_STR_EQ(record.domain.names, "nodes");
	CHECK_EQ(reader_limit(&reader, &record.domain, 0), 12);
	record = next(&reader, STREAM_DOMAIN);
	CHECK_EQ(record.domain.domid, 5);
	CHECK_EQ(record.domain.features, 6);
	CHECK_EQ(reader_next(&reader, &record), 0);
	writer_deinit(&writer);
}

static int check_bytes(const char *data, size_t len)
{
	struct restore restore;
	/* Its end is the end of the memory, so that a sanitizer sees whoever goes beyond. */
	char *copy = malloc(len ? len : 1);
	struct log *log;
	int r;

	CHECK(copy);
	memcpy(copy, data, len);
	CHECK_EQ(log_new(&log, "test", LOG_LEVEL_ERROR, 0), 0);
	r = restore_check(&restore, copy, len, log);
	log_free(log);
	free(copy);
	return r;
}

TEST(a_stream_that_ends_too_early_is_refused)
{
	struct writer writer = { 0 };

	write_some(&writer);
	CHECK_EQ(check_bytes(writer.data, writer.len), 0);
	for (size_t len = 0; len < writer.len; len++)
		CHECK_EQ(check_bytes(writer.data, len), -EBADMSG);
	writer_deinit(&writer);
}

TEST(any_byte_may_be_any_other)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
	struct writer writer = { 0 };

	write_some(&writer);
	for (size_t at = 0; at < writer.len; at++)
		for (size_t i = 0; i < sizeof(values); i++) {
			char was = writer.data[at];
			int r;

			writer.data[at] = (char)values[i];
			r = check_bytes(writer.data, writer.len);
			CHECK(r == 0 || r == -EBADMSG || r == -ENOTSUP);
			writer.data[at] = was;
		}
	writer_deinit(&writer);
}

TEST(a_newer_version_is_not_understood)
{
	struct writer writer = { 0 };

	writer_begin(&writer, 3);
	CHECK_EQ(writer_finish(&writer), 0);
	CHECK_EQ(check_bytes(writer.data, writer.len), -ENOTSUP);
	writer_deinit(&writer);
}

TEST(a_record_of_an_unknown_kind_is_skipped)
{
	static const char stream[] = "xenstore\0\0\0\2\0\0\0\0"
				     "\x99\0\0\0\x8\0\0\0whatever"
				     "\0\0\0\0\0\0\0\0";

	CHECK_EQ(check_bytes(stream, sizeof(stream) - 1), 0);
}

TEST(a_stream_of_the_other_byte_order_is_read)
{
	static const char stream[] = "xenstore\0\0\0\1\0\0\0\1"
				     "\0\0\0\2\0\0\0\x18\0\0\0\7\0\0\0\0\0\5\x7f\xf4\0\0\0\x21"
				     "\0\0\0\0\0\0\0\0"
				     "\0\0\0\0\0\0\0\0";
	struct stream_record record;
	struct reader reader;

	CHECK_EQ(reader_begin(&reader, stream, sizeof(stream) - 1), 0);
	record = next(&reader, STREAM_CONN);
	CHECK_EQ(record.conn.id, 7);
	CHECK_EQ(record.conn.domid, 5);
	CHECK_EQ(record.conn.target, STREAM_NO_TARGET);
	CHECK_EQ(record.conn.port, 0x21);
	CHECK_EQ(reader_next(&reader, &record), 0);
}

TEST(the_unique_id_of_a_ring_is_read_as_xen_writes_it)
{
	/* The second one is that of a domain whose id was not known. */
	static const char stream[] = "xenstore\0\0\0\2\0\0\0\0"
				     "\2\0\0\0\x28\0\0\0\1\0\0\0\0\0\1\0\5\0\xf4\x7f\x9\0\0\0"
				     "\3\0\0\0\0\0\0\0abc\0\0\0\0\0"
				     "\x10\x32\x54\x76\x98\xba\xdc\xfe"
				     "\2\0\0\0\x18\0\0\0\2\0\0\0\0\0\0\0\6\0\xf4\x7f\xa\0\0\0"
				     "\0\0\0\0\0\0\0\0"
				     "\0\0\0\0\0\0\0\0";
	struct stream_record record;
	struct reader reader;

	CHECK_EQ(reader_begin(&reader, stream, sizeof(stream) - 1), 0);
	record = next(&reader, STREAM_CONN);
	CHECK_EQ(record.conn.domid, 5);
	CHECK_MEM_EQ(record.conn.in, "abc", 3);
	CHECK_EQ(record.conn.unique_id, 0xfedcba9876543210);
	record = next(&reader, STREAM_CONN);
	CHECK_EQ(record.conn.domid, 6);
	CHECK_EQ(record.conn.unique_id, 0);
	CHECK_EQ(reader_next(&reader, &record), 0);
}

TEST(what_is_known_of_a_domain_is_read_with_its_unique_id_and_without)
{
	struct stream_own_domain domain = {
		.domid = 5, .remote_port = 1, .handle = { 1, 2, 3 }, .unique_id = 0xfedcba9876543210
	};
	struct writer writer = { 0 };
	struct stream_record record;
	struct reader reader;

	writer_begin(&writer, 2);
	writer_own_domain(&writer, &domain);
	CHECK_EQ(writer_finish(&writer), 0);
	CHECK_EQ(reader_begin(&reader, writer.data, writer.len), 0);
	record = next(&reader, STREAM_OWN_DOMAIN);
	CHECK_EQ(record.own_domain.unique_id, domain.unique_id);
	CHECK_MEM_EQ(record.own_domain.handle, domain.handle, sizeof(domain.handle));
	/* As it was written before there was one: eight bytes less. */
	CHECK_EQ(writer.data[20], 40);
	writer.data[20] = 32;
	memmove(writer.data + 56, writer.data + 64, writer.len - 64);
	CHECK_EQ(reader_begin(&reader, writer.data, writer.len - 8), 0);
	record = next(&reader, STREAM_OWN_DOMAIN);
	CHECK_EQ(record.own_domain.domid, 5);
	CHECK_EQ(record.own_domain.unique_id, 0);
	CHECK_EQ(reader_next(&reader, &record), 0);
	writer_deinit(&writer);
}

TEST(a_watch_with_a_depth_is_read_as_the_design_has_it_and_as_xen_reads_it)
{
	static const char stream[] = "xenstore\0\0\0\2\0\0\0\0"
				     "\2\0\0\0\x18\0\0\0\1\0\0\0\1\0\0\0\5\0\0\0\0\0\0\0"
				     "\0\0\0\0\0\0\0\0"
				     "\x8\0\0\0\x18\0\0\0\1\0\0\0\4\0\5\0\3\0\0\0/ab\0tokn\0\0\0\0"
				     "\x8\0\0\0\x18\0\0\0\1\0\0\0\4\0\5\0\3\0/ab\0tokn\0\0\0\0\0\0"
				     "\0\0\0\0\0\0\0\0";
	struct stream_record record;
	struct reader reader;

	CHECK_EQ(reader_begin(&reader, stream, sizeof(stream) - 1), 0);
	next(&reader, STREAM_CONN);
	for (int i = 0; i < 2; i++) {
		record = next(&reader, STREAM_WATCH_EXT);
		CHECK_STR_EQ(record.watch.path, "/ab");
		CHECK_STR_EQ(record.watch.token, "tokn");
		CHECK_EQ(record.watch.depth, 3);
	}
	CHECK_EQ(reader_next(&reader, &record), 0);
}

TEST(a_watch_whose_depth_xen_left_out_is_read_and_so_is_what_follows)
{
	/* The length is that of a record with a depth; then comes a watch as it should be. */
	static const char stream[] = "xenstore\0\0\0\2\0\0\0\0"
				     "\2\0\0\0\x18\0\0\0\1\0\0\0\1\0\0\0\5\0\0\0\0\0\0\0"
				     "\0\0\0\0\0\0\0\0"
				     "\x8\0\0\0\x18\0\0\0\1\0\0\0\4\0\5\0/ab\0tokn\0\0\0\0\0\0\0\0"
				     "\3\0\0\0\x10\0\0\0\1\0\0\0\2\0\2\0/\0t\0\0\0\0\0"
				     "\0\0\0\0\0\0\0\0";
	struct stream_record record;
	struct reader reader;

	CHECK_EQ(reader_begin(&reader, stream, sizeof(stream) - 1), 0);
	next(&reader, STREAM_CONN);
	record = next(&reader, STREAM_WATCH_EXT);
	CHECK_STR_EQ(record.watch.path, "/ab");
	CHECK_STR_EQ(record.watch.token, "tokn");
	CHECK_EQ(record.watch.depth, UINT16_MAX);
	record = next(&reader, STREAM_WATCH);
	CHECK_STR_EQ(record.watch.path, "/");
	CHECK_EQ(reader_next(&reader, &record), 0);
}

TEST(what_belongs_to_nobody_is_refused)
{
	struct writer writer = { 0 };

	writer_begin(&writer, 1);
	writer_watch(&writer, &(struct stream_watch){ 1, "/path", "token", 5, 5, UINT16_MAX });
	CHECK_EQ(writer_finish(&writer), 0);
	CHECK_EQ(check_bytes(writer.data, writer.len), -EBADMSG);
	writer_deinit(&writer);
}

TEST(what_is_too_long_for_its_field_is_not_written)
{
	struct writer writer = { 0 };

	writer_begin(&writer, 1);
	writer_conn(&writer, &(struct stream_conn){ .id = 1, .in_len = 65536 });
	writer_conn_end(&writer);
	CHECK_EQ(writer_finish(&writer), -EOVERFLOW);
	writer_deinit(&writer);
}
