/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the domain builder reads (ELF notes) and where it jumps to. A PV kernel starts in 64-bit mode on page tables that the
 * builder made: memory appears from VIRT_BASE on, %rsi points to the start_info page.
 *
 * Source: xen/elfnote.h; xen/arch-x86/xen-x86_64.h.
 */
#include <xen/elfnote.h>

#include "layout.h"

.macro NOTE type:req, value:vararg
	.pushsection .note.Xen, "a", @note
	.balign	4
	.long	4, 2f - 1f, \type
	.asciz	"Xen"
1:	\value
2:	.balign	4
	.popsection
.endm

	NOTE	XEN_ELFNOTE_GUEST_OS,		.asciz "xenscale-guest"
	NOTE	XEN_ELFNOTE_GUEST_VERSION,	.asciz "1"
	NOTE	XEN_ELFNOTE_XEN_VERSION,	.asciz "xen-3.0"
	NOTE	XEN_ELFNOTE_LOADER,		.asciz "generic"
	NOTE	XEN_ELFNOTE_FEATURES,		.asciz "!writable_page_tables"
	NOTE	XEN_ELFNOTE_VIRT_BASE,		.quad LAYOUT_VIRT_BASE
	NOTE	XEN_ELFNOTE_PADDR_OFFSET,	.quad 0
	NOTE	XEN_ELFNOTE_ENTRY,		.quad start
	NOTE	XEN_ELFNOTE_HYPERCALL_PAGE,	.quad hypercall_page

	.section .text.start, "ax", @progbits
	.global	start
start:
	cld
	lea	stack_end(%rip), %rsp
	xor	%ebp, %ebp
	mov	%rsi, %rdi
	call	main_pv
	ud2

/* Xen fills this page with one 32-byte stub per hypercall. */
	.balign	4096
	.global	hypercall_page
hypercall_page:
	.skip	4096

	.section .bss
	.balign	16
	.skip	LAYOUT_STACK_SIZE
stack_end:

	.section .note.GNU-stack, "", @progbits
