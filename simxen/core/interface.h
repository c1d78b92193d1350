/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Xen's public headers, in an order in which they compile. */
#ifndef INTERFACE_H
#define INTERFACE_H

#include <stdint.h>

#include <xen/xen.h>

#include <xen/arch-x86/xen-mca.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/hvm/save.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/version.h>

#endif
