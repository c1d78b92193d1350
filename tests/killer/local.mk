# SPDX-License-Identifier: GPL-2.0-or-later
# The killer, and the daemon that ends at any step it is told to.
EXTRA_DIST += tests/killer/README.md tests/killer/killer \
	tests/killer/load/__init__.py tests/killer/load/client.py tests/killer/load/daemon.py \
	tests/killer/load/keeper.py tests/killer/load/rings.py tests/killer/load/runs.py tests/killer/load/tree.py

noinst_PROGRAMS += tests/killer/xenstored-steps
tests_killer_xenstored_steps_SOURCES = tests/killer/steps_main.c \
	common/park.c $(XENSTORED_PERSIST_SOURCES) $(XENSTORED_SERVER_SOURCES)
tests_killer_xenstored_steps_CPPFLAGS = $(XENSTORED_CPPFLAGS) -DXENSTORED_STEPS
tests_killer_xenstored_steps_CFLAGS = $(libxenstored_server_a_CFLAGS) $(TDB_CFLAGS)
tests_killer_xenstored_steps_LDADD = libxenstored_update.a libxenstored_protocol.a libxenstored_model.a \
	$(COMMON_LIBS) $(TDB_LIBS) $(XENMANAGE_LIBS) $(XENCTRL_LIBS) $(XENGNTTAB_LIBS)
