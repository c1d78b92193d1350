/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that the linker script, the assembly and the C code agree on. */
#ifndef LAYOUT_H
#define LAYOUT_H

/* Pseudo-physical address 0 appears here: so a null pointer faults. */
#define LAYOUT_VIRT_BASE 0x40000000
/* PVH: the last GiB below 4 GiB appears here. */
#define LAYOUT_HIGH_BASE 0x100000000
#define LAYOUT_HIGH_PHYS 0xc0000000
/* Where the kernel lies in pseudo-physical memory. */
#define LAYOUT_LOAD	  0x100000
#define LAYOUT_STACK_SIZE 0x8000

#endif
