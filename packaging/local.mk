# SPDX-License-Identifier: GPL-2.0-or-later
# Debian packages of this tree, in the folder deb/ of the build: make deb (build-aux/setup package).
PACKAGING_DEBIAN = changelog control copyright rules source/format xenscale.install xenscale.links xenscale-sim.install \
	xenscale-daemons.install xenscale-daemons.postinst
EXTRA_DIST += packaging/README.md $(PACKAGING_DEBIAN:%=packaging/debian/%) packaging/test

.PHONY: deb
deb: dist-xz
	rm -rf deb && $(MKDIR_P) deb
	tar -xf $(distdir).tar.xz -C deb
	cp -r deb/$(distdir)/packaging/debian deb/$(distdir)/debian
	cd deb/$(distdir) && dpkg-buildpackage --build=binary --no-sign
	rm -rf deb/$(distdir)
