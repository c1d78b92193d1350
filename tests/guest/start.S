/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the domain builder reads (ELF notes) and where it jumps to; one kernel for both kinds of guest.
 *
 * PV: in 64-bit mode on page tables that the builder made; memory appears from LAYOUT_VIRT_BASE on, %rsi points to the
 * start_info page. PVH: in 32-bit mode without paging, %ebx holds the physical address of the hvm_start_info. The tables
 * made here show the same memory at the same place, and the builder's special pages, which lie below 4 GiB, at
 * LAYOUT_HIGH_BASE.
 *
 * Source: xen/elfnote.h; xen/arch-x86/xen-x86_64.h; xen/arch-x86/hvm/start_info.h.
 */
#include <xen/elfnote.h>

#include "layout.h"

#define PHYS(symbol) ((symbol) - LAYOUT_VIRT_BASE)
#define TABLE	     0x3  /* present, writable */
#define LARGE_PAGE   0x83 /* the same, 2 MiB */

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
	NOTE	XEN_ELFNOTE_PHYS32_ENTRY,	.long PHYS(start_pvh)

	.section .text.start, "ax", @progbits
	.global	start
start:
	cld
	lea	stack_end(%rip), %rsp
	xor	%ebp, %ebp
	mov	%rsi, %rdi
	call	main_pv
	ud2

	.code32
	.global	start_pvh
start_pvh:
	cld
	mov	$PHYS(stack_end), %esp
	mov	$PHYS(tables_low), %edi
	mov	$LARGE_PAGE, %eax		/* from 0 */
	call	fill_table
	mov	$PHYS(tables_high), %edi
	mov	$(LAYOUT_HIGH_PHYS + LARGE_PAGE), %eax
	call	fill_table
	movl	$(PHYS(tables_low) + TABLE), PHYS(tables_l3)		/* where we are now */
	movl	$(PHYS(tables_low) + TABLE), PHYS(tables_l3) + 8 * (LAYOUT_VIRT_BASE >> 30)
	movl	$(PHYS(tables_high) + TABLE), PHYS(tables_l3) + 8 * (LAYOUT_HIGH_BASE >> 30)
	movl	$(PHYS(tables_l3) + TABLE), PHYS(tables_l4)
	mov	$PHYS(tables_l4), %eax
	mov	%eax, %cr3
	mov	%cr4, %eax
	or	$0x20, %eax			/* PAE */
	mov	%eax, %cr4
	mov	$0xc0000080, %ecx		/* EFER */
	rdmsr
	or	$0x100, %eax			/* LME */
	wrmsr
	mov	%cr0, %eax
	or	$0x80000000, %eax		/* PG */
	mov	%eax, %cr0
	lgdt	PHYS(gdt_pointer)
	ljmp	$8, $PHYS(start_pvh_64)

/* 512 entries of 2 MiB from %eax on, into the table at %edi. */
fill_table:
	mov	$512, %ecx
1:	mov	%eax, (%edi)
	add	$0x200000, %eax
	add	$8, %edi
	dec	%ecx
	jnz	1b
	ret

	.code64
start_pvh_64:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$stack_end, %rsp
	xor	%ebp, %ebp
	mov	%ebx, %edi
	mov	$main_pvh, %rax
	call	*%rax
	ud2

	.section .rodata
	.balign	8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff		/* 8: code, 64 bits */
	.quad	0x00cf93000000ffff		/* 16: data */
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	PHYS(gdt)

	.section .bss
	.balign	4096
tables_l4:	.skip	4096
tables_l3:	.skip	4096
tables_low:	.skip	4096
tables_high:	.skip	4096

	.section .text.start, "ax", @progbits
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
