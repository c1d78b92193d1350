/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operations, by theme: op_node.c, op_watch.c, op_txn.c, op_domain.c, op_quota.c, control.c.
 * Each returns 0 or the negative errno to be answered; which ones is said in docs/misc/xenstore.txt
 * and xs_wire.h.
 */
#ifndef OPS_H
#define OPS_H

struct request;

typedef int op_fn(struct request *req);

op_fn op_directory, op_directory_part, op_read, op_write, op_mkdir, op_rm, op_get_perms,
	op_set_perms;
op_fn op_watch, op_unwatch, op_reset_watches;
op_fn op_transaction_start, op_transaction_end;
op_fn op_introduce, op_release, op_get_domain_path, op_is_domain_introduced, op_resume,
	op_set_target, op_get_feature, op_set_feature;
op_fn op_get_quota, op_set_quota;
op_fn op_control;

#endif
