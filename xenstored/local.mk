# SPDX-License-Identifier: GPL-2.0-or-later
# The XenStore daemon. Floors: server -> persist -> protocol -> model; an include never points up.
EXTRA_DIST += xenstored/README.md xenstored/model/README.md xenstored/protocol/README.md \
	xenstored/server/README.md xenstored/persist/README.md xenstored/update/README.md

XENSTORED_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xenstored

noinst_LIBRARIES += libxenstored_model.a
libxenstored_model_a_SOURCES = \
	xenstored/model/check.c \
	xenstored/model/check.h \
	xenstored/model/arena.c \
	xenstored/model/arena.h \
	xenstored/model/death.c \
	xenstored/model/death.h \
	xenstored/model/fair.h \
	xenstored/model/hash.h \
	xenstored/model/history.c \
	xenstored/model/history.h \
	xenstored/model/node.h \
	xenstored/model/path.c \
	xenstored/model/path.h \
	xenstored/model/perms.c \
	xenstored/model/perms.h \
	xenstored/model/quota.c \
	xenstored/model/quota.h \
	xenstored/model/stats.h \
	xenstored/model/store.c \
	xenstored/model/store.h \
	xenstored/model/store_find.c \
	xenstored/model/table.c \
	xenstored/model/table.h \
	xenstored/model/txn.c \
	xenstored/model/txn.h \
	xenstored/model/txn_commit.c \
	xenstored/model/txn_cut.c \
	xenstored/model/txn_priv.h \
	xenstored/model/txn_remove.c \
	xenstored/model/view.c \
	xenstored/model/view.h \
	xenstored/model/view_change.c \
	xenstored/model/view_priv.h \
	xenstored/model/watch.c \
	xenstored/model/watch.h
libxenstored_model_a_CPPFLAGS = $(XENSTORED_CPPFLAGS)
libxenstored_model_a_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)

noinst_LIBRARIES += libxenstored_protocol.a
libxenstored_protocol_a_SOURCES = \
	xenstored/protocol/access.c \
	xenstored/protocol/access.h \
	xenstored/protocol/backlog.c \
	xenstored/protocol/backlog.h \
	xenstored/protocol/conn.c \
	xenstored/protocol/conn.h \
	xenstored/protocol/contention.c \
	xenstored/protocol/contention.h \
	xenstored/protocol/control.c \
	xenstored/protocol/control.h \
	xenstored/protocol/control_show.c \
	xenstored/protocol/dispatch.c \
	xenstored/protocol/dispatch.h \
	xenstored/protocol/metrics.c \
	xenstored/protocol/metrics.h \
	xenstored/protocol/op_domain.c \
	xenstored/protocol/op_node.c \
	xenstored/protocol/op_quota.c \
	xenstored/protocol/op_txn.c \
	xenstored/protocol/op_watch.c \
	xenstored/protocol/ops.h \
	xenstored/protocol/outq.c \
	xenstored/protocol/outq.h \
	xenstored/protocol/protocol.c \
	xenstored/protocol/protocol.h \
	xenstored/protocol/sink.c \
	xenstored/protocol/sink.h \
	xenstored/protocol/text.c \
	xenstored/protocol/text.h \
	xenstored/protocol/ticks.h \
	xenstored/protocol/trace.c \
	xenstored/protocol/trace.h \
	xenstored/protocol/wire.h
libxenstored_protocol_a_CPPFLAGS = $(XENSTORED_CPPFLAGS)
libxenstored_protocol_a_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)

noinst_LIBRARIES += libxenstored_persist.a
XENSTORED_PERSIST_SOURCES = \
	xenstored/persist/checkpoint.c \
	xenstored/persist/checkpoint.h \
	xenstored/persist/checksum.h \
	xenstored/persist/entry.c \
	xenstored/persist/entry.h \
	xenstored/persist/format.c \
	xenstored/persist/format.h \
	xenstored/persist/handover.c \
	xenstored/persist/heap.c \
	xenstored/persist/heap.h \
	xenstored/persist/idmap.c \
	xenstored/persist/idmap.h \
	xenstored/persist/image.c \
	xenstored/persist/image.h \
	xenstored/persist/inflight.c \
	xenstored/persist/inflight.h \
	xenstored/persist/journal.c \
	xenstored/persist/journal.h \
	xenstored/persist/journal_priv.h \
	xenstored/persist/journal_read.c \
	xenstored/persist/mapfile.c \
	xenstored/persist/mapfile.h \
	xenstored/persist/persist.c \
	xenstored/persist/persist.h \
	xenstored/persist/persist_priv.h \
	xenstored/persist/persist_restore.c \
	xenstored/persist/put.c \
	xenstored/persist/put.h \
	xenstored/persist/replay.c \
	xenstored/persist/replay.h \
	xenstored/persist/room.c \
	xenstored/persist/room.h \
	xenstored/persist/saved.c \
	xenstored/persist/saved.h \
	xenstored/persist/statedir.c \
	xenstored/persist/statedir.h
libxenstored_persist_a_SOURCES = $(XENSTORED_PERSIST_SOURCES)
libxenstored_persist_a_CPPFLAGS = $(XENSTORED_CPPFLAGS)
libxenstored_persist_a_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS) $(TDB_CFLAGS)

noinst_LIBRARIES += libxenstored_update.a
libxenstored_update_a_SOURCES = \
	xenstored/update/dump.h \
	xenstored/update/dump_client.c \
	xenstored/update/dump_priv.h \
	xenstored/update/dump_store.c \
	xenstored/update/reader.c \
	xenstored/update/reader.h \
	xenstored/update/restore.h \
	xenstored/update/restore_check.c \
	xenstored/update/restore_client.c \
	xenstored/update/restore_store.c \
	xenstored/update/restore_txn.c \
	xenstored/update/stream.h \
	xenstored/update/writer.c \
	xenstored/update/writer.h
libxenstored_update_a_CPPFLAGS = $(XENSTORED_CPPFLAGS)
libxenstored_update_a_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)

noinst_LIBRARIES += libxenstored_server.a
XENSTORED_SERVER_SOURCES = \
	xenstored/server/conffile.c \
	xenstored/server/conffile.h \
	xenstored/server/domains.c \
	xenstored/server/domains.h \
	xenstored/server/domains_check.c \
	xenstored/server/domains_priv.h \
	xenstored/server/domains_restore.c \
	xenstored/server/domains_scan.c \
	xenstored/server/domains_update.c \
	xenstored/server/domains_wait.c \
	xenstored/server/domstate.c \
	xenstored/server/domstate.h \
	xenstored/server/handover.c \
	xenstored/server/handover.h \
	xenstored/server/hypervisor.c \
	xenstored/server/hypervisor.h \
	xenstored/server/options.c \
	xenstored/server/options.h \
	xenstored/server/ringconn.c \
	xenstored/server/ringconn.h \
	xenstored/server/schedule.c \
	xenstored/server/schedule.h \
	xenstored/server/server.c \
	xenstored/server/server.h \
	xenstored/server/socket.c \
	xenstored/server/socket.h \
	xenstored/server/socket_park.c \
	xenstored/server/socket_priv.h \
	xenstored/server/socket_update.c \
	xenstored/server/takeover.c \
	xenstored/server/takeover.h \
	xenstored/server/trial.c \
	xenstored/server/trial.h \
	xenstored/server/update.c \
	xenstored/server/update.h
libxenstored_server_a_SOURCES = $(XENSTORED_SERVER_SOURCES)
libxenstored_server_a_CPPFLAGS = $(XENSTORED_CPPFLAGS)
libxenstored_server_a_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS) $(EVENT_CFLAGS) $(SYSTEMD_CFLAGS)

XENSTORED_LIBS = libxenstored_server.a libxenstored_update.a libxenstored_persist.a libxenstored_protocol.a libxenstored_model.a \
	$(COMMON_LIBS) $(TDB_LIBS) $(XENMANAGE_LIBS) $(XENCTRL_LIBS) $(XENGNTTAB_LIBS)

dist_man_MANS += doc/xenstored.8
dist_completion_DATA += xenstored/completion/xenstored
sbin_PROGRAMS += xenstored/xenstored
xenstored_xenstored_SOURCES = xenstored/server/main.c
xenstored_xenstored_CPPFLAGS = $(XENSTORED_CPPFLAGS)
xenstored_xenstored_LDADD = $(XENSTORED_LIBS)
