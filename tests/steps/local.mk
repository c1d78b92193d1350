# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LTLIBRARIES += tests/steps/libsteps.la
tests_steps_libsteps_la_SOURCES = tests/steps/steps.c tests/steps/steps.h
tests_steps_libsteps_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
tests_steps_libsteps_la_LIBADD = -ldl
EXTRA_DIST += tests/steps/README.md tests/steps/sweep tests/steps/host.py tests/steps/pooled.py tests/steps/proxy.py tests/steps/backend.py
