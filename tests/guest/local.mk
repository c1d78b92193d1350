# SPDX-License-Identifier: GPL-2.0-or-later
# A kernel of its own: no part of the C flags of the programs (warnings apart) applies to it. Installed nowhere.
guest_files = \
	tests/guest/start.S \
	tests/guest/main.c \
	tests/guest/clock.c \
	tests/guest/console.c \
	tests/guest/hostile.c \
	tests/guest/hyper.c \
	tests/guest/relay.c \
	tests/guest/store.c \
	tests/guest/text.c \
	tests/guest/turn.c \
	tests/guest/words.c
guest_headers = tests/guest/guest.h tests/guest/layout.h tests/guest/relay.h
guest_flags = -std=gnu11 -O2 $(WARN_CFLAGS) -ffreestanding -fno-pic -mcmodel=small -mno-red-zone -mgeneral-regs-only \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
	-D__XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__ \
	-nostdlib -static -Wl,--build-id=none -Wl,-z,noexecstack

tests/guest/guest: $(guest_files) $(guest_headers) tests/guest/guest.lds
	@$(MKDIR_P) tests/guest
	$(AM_V_CCLD)$(CC) $(guest_flags) -Wl,-T,$(srcdir)/tests/guest/guest.lds -o $@ \
		$(addprefix $(srcdir)/,$(guest_files))

if HOST_X86_64
noinst_DATA += tests/guest/guest
endif
CLEANFILES += tests/guest/guest
EXTRA_DIST += $(guest_files) $(guest_headers) tests/guest/guest.lds tests/guest/README.md
