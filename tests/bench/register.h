/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a toolstack writes into the store for one PV guest with a console, request by request, and
 * what it removes when the guest goes. %d is the guest's number.
 */
#ifndef REGISTER_H
#define REGISTER_H

#include "step.h"

#define REGISTER_STEPS	 75
#define UNREGISTER_STEPS 6

extern const struct step register_steps[REGISTER_STEPS];
extern const struct step unregister_steps[UNREGISTER_STEPS];

#endif
