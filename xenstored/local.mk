# SPDX-License-Identifier: GPL-2.0-or-later
# The XenStore daemon. Floors: server -> protocol -> model; an include never points up.
XENSTORED_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xenstored

noinst_LIBRARIES += libxenstored_model.a
libxenstored_model_a_SOURCES = \
	xenstored/model/death.c \
	xenstored/model/death.h \
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
	xenstored/model/store.c \
	xenstored/model/store.h \
	xenstored/model/table.c \
	xenstored/model/table.h \
	xenstored/model/txn.c \
	xenstored/model/txn.h \
	xenstored/model/txn_commit.c \
	xenstored/model/view.c \
	xenstored/model/view.h \
	xenstored/model/view_change.c \
	xenstored/model/view_priv.h \
	xenstored/model/watch.c \
	xenstored/model/watch.h
libxenstored_model_a_CPPFLAGS = $(XENSTORED_CPPFLAGS)
libxenstored_model_a_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
