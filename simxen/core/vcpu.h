/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a vCPU starts from. A PV context is 5 KiB of which a builder sets a few words, so only the
 * non-zero parts are kept.
 */
#ifndef VCPU_H
#define VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "interface.h"

struct domain_vcpu;
struct vcpu_state;

/** vcpu_set_context() - keep a PV context. Return: 0 or -ENOMEM. */
int vcpu_set_context(struct domain_vcpu *vcpu, const vcpu_guest_context_t *context);

/** vcpu_get_context() - give it back; false: none was set. */
bool vcpu_get_context(const struct domain_vcpu *vcpu, vcpu_guest_context_t *context);

/** vcpu_set_hvm() - keep the two registers of an HVM context that a direct-booted guest starts
 * from. Return: 0 or -ENOMEM. */
int vcpu_set_hvm(struct domain_vcpu *vcpu, uint64_t rip, uint64_t rbx);

/** vcpu_get_hvm() - give them back; false: none were set. */
bool vcpu_get_hvm(const struct domain_vcpu *vcpu, uint64_t *rip, uint64_t *rbx);

/** vcpu_start() - the pointer to start_info (PV: virtual, HVM: physical) and the root of the page
 * tables (PV: machine address). */
void vcpu_start(const struct domain_vcpu *vcpu, uint64_t *start_info, uint64_t *cr3);

void vcpu_deinit(struct domain_vcpu *vcpu);

#endif
