# SPDX-License-Identifier: GPL-2.0-or-later
# Units of the store and of the host as a whole; each other daemon's local.mk has its own.
SYSTEMD_MADE = systemd/xenstored.service systemd/xen-init-dom0.service systemd/xencreate-pool@.service
SYSTEMD_AS_IS = systemd/proc-xen.mount systemd/xen.service

systemdsystemunit_DATA += $(SYSTEMD_MADE) $(SYSTEMD_AS_IS)
CLEANFILES += $(SYSTEMD_MADE)
EXTRA_DIST += systemd/README.md systemd/xenstored.service.in systemd/xen-init-dom0.service.in systemd/xencreate-pool@.service.in $(SYSTEMD_AS_IS)

$(SYSTEMD_MADE): %: $(srcdir)/%.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && $(SED) 's,[@]sbindir[@],$(sbindir),g' $(srcdir)/$@.in >$@

tmpfilesdir = ${prefix}/lib/tmpfiles.d
dist_tmpfiles_DATA = systemd/xenscale.conf
