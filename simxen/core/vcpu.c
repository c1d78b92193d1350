/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See vcpu.h. */
#include "vcpu.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "domain.h"

#define TRAPS_AT   offsetof(vcpu_guest_context_t, trap_ctxt)
#define TRAPS_END  (TRAPS_AT + sizeof(((vcpu_guest_context_t *)0)->trap_ctxt))
#define TAIL_BYTES (sizeof(vcpu_guest_context_t) - TRAPS_END)

struct vcpu_state {
	uint64_t start_info, cr3;
	bool is_hvm;
	vcpu_guest_context_t *whole; /* owned; only if the FPU state or the traps are not zero */
	cpu_user_regs_t regs;
	unsigned long flags;
	char tail[TAIL_BYTES];
};

static bool all_zero(const void *data, size_t len)
{
	const unsigned char *p = data;

	return !len || (!p[0] && !memcmp(p, p + 1, len - 1));
}

static struct vcpu_state *state_of(struct domain_vcpu *vcpu)
{
	if (!vcpu->state)
		vcpu->state = calloc(1, sizeof(*vcpu->state));
	return vcpu->state;
}

int vcpu_set_context(struct domain_vcpu *vcpu, const vcpu_guest_context_t *context)
{
	struct vcpu_state *state = state_of(vcpu);

	if (!state)
		return -ENOMEM;
	free(state->whole);
	state->whole = NULL;
	if (!all_zero(&context->fpu_ctxt, sizeof(context->fpu_ctxt)) ||
	    !all_zero(context->trap_ctxt, sizeof(context->trap_ctxt))) {
		state->whole = malloc(sizeof(*context));
		if (!state->whole)
			return -ENOMEM;
		*state->whole = *context;
	}
	state->regs = context->user_regs;
	state->flags = context->flags;
	memcpy(state->tail, (const char *)context + TRAPS_END, TAIL_BYTES);
	state->start_info = context->user_regs.rsi;
	state->cr3 = context->ctrlreg[3];
	return 0;
}

bool vcpu_get_context(const struct domain_vcpu *vcpu, vcpu_guest_context_t *context)
{
	const struct vcpu_state *state = vcpu->state;

	if (!state || state->is_hvm)
		return false;
	if (state->whole) {
		*context = *state->whole;
		return true;
	}
	memset(context, 0, sizeof(*context));
	context->user_regs = state->regs;
	context->flags = state->flags;
	memcpy((char *)context + TRAPS_END, state->tail, TAIL_BYTES);
	return true;
}

int vcpu_set_hvm(struct domain_vcpu *vcpu, uint64_t rip, uint64_t rbx)
{
	struct vcpu_state *state = state_of(vcpu);

	if (!state)
		return -ENOMEM;
	state->is_hvm = true;
	state->regs.rip = rip;
	state->start_info = rbx;
	return 0;
}

bool vcpu_get_hvm(const struct domain_vcpu *vcpu, uint64_t *rip, uint64_t *rbx)
{
	if (!vcpu->state || !vcpu->state->is_hvm)
		return false;
	*rip = vcpu->state->regs.rip;
	*rbx = vcpu->state->start_info;
	return true;
}

void vcpu_start(const struct domain_vcpu *vcpu, uint64_t *start_info, uint64_t *cr3)
{
	*start_info = vcpu->state ? vcpu->state->start_info : 0;
	*cr3 = vcpu->state ? vcpu->state->cr3 : 0;
}

void vcpu_deinit(struct domain_vcpu *vcpu)
{
	if (vcpu->state)
		free(vcpu->state->whole);
	free(vcpu->state);
	vcpu->state = NULL;
}
