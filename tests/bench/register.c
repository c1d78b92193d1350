/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order and shape of libxl's requests for a small PV guest: a first transaction for the guest's
 * home, then single writes, then a transaction for its console.
 */
#include "register.h"

#define UUID	"00000000-0000-4000-8000-%d"
#define HOME	"/local/domain/%d"
#define VM	"/vm/" UUID
#define LIBXL	"/libxl/%d"
#define BACKEND "/local/domain/0/backend/console/%d"

/* clang-format off */
const struct step register_steps[REGISTER_STEPS] = {
	{ XS_TRANSACTION_START, STEP_BEGIN, "|", 4, 0, 0 },
	{ XS_RM, STEP_IN_TXN, HOME "|", 3, 0, 0 },
	{ XS_MKDIR, STEP_IN_TXN, HOME "|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "|n0|r%d|", 3, 0, 0 },
	{ XS_RM, STEP_IN_TXN, VM "|", 3, 0, 0 },
	{ XS_MKDIR, STEP_IN_TXN, VM "|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, VM "|n0|r%d|", 3, 0, 0 },
	{ XS_RM, STEP_IN_TXN, LIBXL "|", 3, 0, 0 },
	{ XS_MKDIR, STEP_IN_TXN, LIBXL "|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, LIBXL "|n0|", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, HOME "/vm|" VM, 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, HOME "/name|guest-%d", 3, 0, 0 },
	{ XS_MKDIR, STEP_IN_TXN, HOME "/cpu|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "/cpu|n0|r%d|", 3, 0, 0 },
	{ XS_MKDIR, STEP_IN_TXN, HOME "/memory|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "/memory|n0|r%d|", 3, 0, 0 },
	{ XS_MKDIR, STEP_IN_TXN, HOME "/device|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "/device|n0|r%d|", 3, 0, 0 },
	{ XS_MKDIR, STEP_IN_TXN, HOME "/control|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "/control|n0|r%d|", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, HOME "/device/suspend/event-channel|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "/device/suspend/event-channel|n0|b%d|", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, HOME "/control/shutdown|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "/control/shutdown|n0|b%d|", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, HOME "/control/feature-poweroff|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "/control/feature-poweroff|n0|b%d|", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, HOME "/control/feature-reboot|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "/control/feature-reboot|n0|b%d|", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, HOME "/control/feature-suspend|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "/control/feature-suspend|n0|b%d|", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, HOME "/control/sysrq|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "/control/sysrq|n0|b%d|", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, HOME "/control/platform-feature-xs_reset_watches|1", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "/control/platform-feature-xs_reset_watches|n0|r%d|", 3, 0, 0 },
	{ XS_MKDIR, STEP_IN_TXN, HOME "/data|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "/data|n0|b%d|", 3, 0, 0 },
	{ XS_MKDIR, STEP_IN_TXN, HOME "/drivers|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "/drivers|n0|b%d|", 3, 0, 0 },
	{ XS_MKDIR, STEP_IN_TXN, HOME "/feature|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "/feature|n0|b%d|", 3, 0, 0 },
	{ XS_MKDIR, STEP_IN_TXN, HOME "/attr|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "/attr|n0|b%d|", 3, 0, 0 },
	{ XS_MKDIR, STEP_IN_TXN, HOME "/error|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, HOME "/error|n0|b%d|", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, VM "/uuid|" UUID, 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, VM "/name|guest-%d", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, VM "/image/ostype|linux", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, VM "/image/kernel|/boot/vmlinuz-guest", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, VM "/start_time|1700000000.00", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, HOME "/domid|%d", 3, 0, 0 },
	{ XS_TRANSACTION_END, STEP_IN_TXN, "T|", 3, 0, 0 },
	{ XS_WRITE, 0, HOME "/memory/static-max|4096", 3, 0, 0 },
	{ XS_WRITE, 0, HOME "/memory/target|4096", 3, 0, 0 },
	{ XS_WRITE, 0, HOME "/memory/videoram|0", 3, 0, 0 },
	{ XS_WRITE, 0, HOME "/store/port|1", 3, 0, 0 },
	{ XS_WRITE, 0, HOME "/store/ring-ref|123456", 3, 0, 0 },
	{ XS_WRITE, 0, HOME "/cpu/0/availability|online", 3, 0, 0 },
	{ XS_WRITE, 0, LIBXL "/type|pv", 3, 0, 0 },
	{ XS_WRITE, 0, LIBXL "/dm-version|qemu_xen", 3, 0, 0 },
	{ XS_TRANSACTION_START, STEP_BEGIN, "|", 4, 0, 0 },
	{ XS_MKDIR, STEP_IN_TXN, BACKEND "/0|", 3, 0, 0 },
	{ XS_SET_PERMS, STEP_IN_TXN, BACKEND "/0|n0|r%d|", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, BACKEND "/0/frontend|" HOME "/console", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, BACKEND "/0/frontend-id|%d", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, BACKEND "/0/online|1", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, BACKEND "/0/state|1", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, BACKEND "/0/protocol|vt100", 3, 0, 0 },
	{ XS_MKDIR, STEP_IN_TXN, LIBXL "/device/console/0|", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, LIBXL "/device/console/0/frontend|" HOME "/console", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, LIBXL "/device/console/0/backend|" BACKEND "/0", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, HOME "/console/backend|" BACKEND "/0", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, HOME "/console/limit|1048576", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, HOME "/console/port|2", 3, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, HOME "/console/ring-ref|123457", 3, 0, 0 },
	{ XS_TRANSACTION_END, STEP_IN_TXN, "T|", 3, 0, 0 },
};

const struct step unregister_steps[UNREGISTER_STEPS] = {
	{ XS_TRANSACTION_START, STEP_BEGIN, "|", 4, 0, 0 },
	{ XS_RM, STEP_IN_TXN, HOME "|", 3, 0, 0 },
	{ XS_RM, STEP_IN_TXN, VM "|", 3, 0, 0 },
	{ XS_RM, STEP_IN_TXN, LIBXL "|", 3, 0, 0 },
	{ XS_RM, STEP_IN_TXN, BACKEND "|", 3, 0, 0 },
	{ XS_TRANSACTION_END, STEP_IN_TXN, "T|", 3, 0, 0 },
};
/* clang-format on */
