/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XenStore over the ring. A word asks one thing at a time and waits for its answer; watch events
 * that come meanwhile are kept for the main loop. Answers that nobody waits for (floods) are
 * counted and dropped.
 *
 * Source: xen/io/xs_wire.h.
 */
#define EINVAL	  XEN_EINVAL /* names for the table of xs_wire.h */
#define EACCES	  XEN_EACCES
#define EEXIST	  XEN_EEXIST
#define EISDIR	  XEN_EISDIR
#define ENOENT	  XEN_ENOENT
#define ENOMEM	  XEN_ENOMEM
#define ENOSPC	  XEN_ENOSPC
#define EIO	  XEN_EIO
#define ENOTEMPTY XEN_ENOTEMPTY
#define ENOSYS	  XEN_ENOSYS
#define EROFS	  XEN_EROFS
#define EBUSY	  XEN_EBUSY
#define EAGAIN	  XEN_EAGAIN
#define EISCONN	  XEN_EISCONN
#define E2BIG	  XEN_E2BIG
#define EPERM	  XEN_EPERM
#include "guest.h"

#define TIMEOUT_NS   (60000 * MS)
#define UNKNOWN_NAME 71 /* EPROTO, which Xen has no number for */

static uint32_t room(const struct store *store)
{
	uint32_t used =
		store->ring->req_prod - __atomic_load_n(&store->ring->req_cons, __ATOMIC_ACQUIRE);

	return used < XENSTORE_RING_SIZE ? XENSTORE_RING_SIZE - used : 0;
}

uint32_t store_put(struct store *store, const char *data, uint32_t len)
{
	uint32_t prod = store->ring->req_prod, n = room(store);

	if (n > len)
		n = len;
	for (uint32_t i = 0; i < n; i++)
		store->ring->req[MASK_XENSTORE_IDX(prod + i)] = data[i];
	__atomic_store_n(&store->ring->req_prod, prod + n, __ATOMIC_SEQ_CST);
	return n;
}

uint32_t store_get(struct store *store, char *data, uint32_t len)
{
	uint32_t cons = store->ring->rsp_cons, n;

	n = __atomic_load_n(&store->ring->rsp_prod, __ATOMIC_ACQUIRE) - cons;
	if (n > XENSTORE_RING_SIZE)
		n = 0;
	if (n > len)
		n = len;
	for (uint32_t i = 0; i < n; i++)
		data[i] = store->ring->rsp[MASK_XENSTORE_IDX(cons + i)];
	__atomic_store_n(&store->ring->rsp_cons, cons + n, __ATOMIC_SEQ_CST);
	return n;
}

static void copy_text(char *to, const char *from, size_t size)
{
	while (*from && size-- > 1)
		*to++ = *from++;
	*to = '\0';
}

static void keep_event(struct store *store)
{
	const char *path = store->payload, *token = path + strlen(path) + 1;

	if (store->n_events == EVENTS_MAX || token >= store->payload + store->head.len) {
		store->n_lost++;
		return;
	}
	copy_text(store->events[store->n_events].path, path, EVENT_TEXT_MAX);
	copy_text(store->events[store->n_events].token, token, EVENT_TEXT_MAX);
	store->n_events++;
}

static int error_of_name(const char *name)
{
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (text_equal(xsd_errors[i].errstring, name))
			return -xsd_errors[i].errnum;
	return -UNKNOWN_NAME;
}

const char *store_error_name(int error)
{
	if (!error)
		return "OK";
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (xsd_errors[i].errnum == -error)
			return xsd_errors[i].errstring;
	return error == -XEN_ETIMEDOUT ? "ETIMEDOUT" : "EPROTO";
}

static void take_answer(struct store *store, struct question *question)
{
	question->id = 0;
	question->error = store->head.type == XS_ERROR ? error_of_name(store->payload) : 0;
	if (question->value && question->error)
		return;
	if (question->value) {
		copy_text(question->value, store->payload, question->size);
		return;
	}
	store->answer_len = store->head.len;
	memcpy(store->answer, store->payload, store->head.len + 1);
}

static void take_message(struct store *store)
{
	store->payload[store->head.len] = '\0';
	if (store->head.type == XS_WATCH_EVENT) {
		keep_event(store);
		return;
	}
	for (uint32_t i = 0; i < store->n_questions; i++)
		if (store->questions[i].id && store->questions[i].id == store->head.req_id) {
			take_answer(store, &store->questions[i]);
			return;
		}
	store->n_stray++;
}

void store_receive(struct guest *guest)
{
	struct store *store = &guest->store;
	uint32_t n, first = store->ring->rsp_cons, head_len = sizeof(store->head);

	for (;;) {
		if (store->n_in < head_len)
			n = store_get(store, (char *)&store->head + store->n_in,
				      head_len - store->n_in);
		else
			n = store_get(store, store->payload + store->n_in - head_len,
				      store->head.len + head_len - store->n_in);
		store->n_in += n;
		if (store->n_in >= head_len && store->head.len > XENSTORE_PAYLOAD_MAX)
			hyper_shutdown(SHUTDOWN_crash); /* the daemon broke the protocol */
		if (store->n_in >= head_len && store->n_in == head_len + store->head.len) {
			take_message(store);
			store->n_in = 0;
		} else if (!n) {
			break;
		}
	}
	/* Nobody waits for room who had some. As Linux, xb_read(). */
	if (store->ring->rsp_cons != first &&
	    __atomic_load_n(&store->ring->rsp_prod, __ATOMIC_SEQ_CST) - first >= XENSTORE_RING_SIZE)
		hyper_notify(store->port);
}

/* Sends all of @data, taking what arrives meanwhile, so that neither side waits for the other. */
static int send_all(struct guest *guest, const char *data, uint32_t len, uint64_t end_ns)
{
	struct store *store = &guest->store;

	for (;;) {
		uint32_t n;

		clock_take(guest, store->port);
		n = store_put(store, data, len);
		data += n;
		len -= n;
		if (!len)
			return 0;
		hyper_notify(store->port);
		store_receive(guest);
		if (clock_ns(guest) >= end_ns)
			return -XEN_ETIMEDOUT;
		if (!room(store))
			hyper_poll(&store->port, 1, end_ns);
	}
}

static uint32_t new_id(struct store *store)
{
	if (!++store->next_id) /* 0 marks those whose answer is dropped */
		store->next_id = 1;
	return store->next_id;
}

static int send_questions(struct guest *guest, uint64_t end_ns)
{
	struct store *store = &guest->store;
	int r = 0;

	for (uint32_t i = 0; !r && i < store->n_questions; i++) {
		struct question *question = &store->questions[i];
		struct xsd_sockmsg head = { .type = question->type,
					    .tx_id = question->txid,
					    .len = question->len };

		head.req_id = question->id = new_id(store);
		r = send_all(guest, (const char *)&head, sizeof(head), end_ns);
		if (!r)
			r = send_all(guest, question->payload, question->len, end_ns);
	}
	hyper_notify(store->port);
	return r;
}

static bool all_answered(const struct store *store)
{
	for (uint32_t i = 0; i < store->n_questions; i++)
		if (store->questions[i].id)
			return false;
	return true;
}

int store_ask(struct guest *guest, struct question *questions, uint32_t n)
{
	struct store *store = &guest->store;
	uint64_t end_ns = clock_ns(guest) + TIMEOUT_NS;
	int r;

	store->questions = questions;
	store->n_questions = n;
	r = send_questions(guest, end_ns);
	while (!r) {
		clock_take(guest, store->port);
		store_receive(guest);
		if (all_answered(store))
			break;
		if (clock_ns(guest) >= end_ns)
			r = -XEN_ETIMEDOUT;
		else
			hyper_poll(&store->port, 1, end_ns);
	}
	store->n_questions = 0;
	return r;
}

int store_request(struct guest *guest, uint32_t type, uint32_t txid, const void *payload,
		  uint32_t len)
{
	struct question question = { .type = type, .txid = txid, .payload = payload, .len = len };
	int r = store_ask(guest, &question, 1);

	return r ? r : question.error;
}

int store_read(struct guest *guest, const char *path, char *value, size_t size)
{
	int r = store_request(guest, XS_READ, 0, path, (uint32_t)strlen(path) + 1);

	if (!r)
		copy_text(value, guest->store.answer, size);
	return r;
}

int store_write(struct guest *guest, const char *path, const char *fmt, ...)
{
	char payload[1024];
	size_t n = strlen(path) + 1;
	va_list ap;

	memcpy(payload, path, n);
	va_start(ap, fmt);
	n += text_vformat(payload + n, sizeof(payload) - n, fmt, ap);
	va_end(ap);
	return store_request(guest, XS_WRITE, 0, payload, (uint32_t)n);
}

int store_watch(struct guest *guest, const char *path, const char *token)
{
	char payload[512];
	size_t n = text_format(payload, sizeof(payload), "%s%c%s", path, '\0', token) + 1;

	return store_request(guest, XS_WATCH, 0, payload, (uint32_t)n);
}

bool store_send(struct guest *guest, uint32_t type, const void *payload, uint32_t len)
{
	struct store *store = &guest->store;
	struct xsd_sockmsg head = { .type = type, .len = len };

	if (room(store) < sizeof(head) + len)
		return false;
	store_put(store, (const char *)&head, sizeof(head));
	store_put(store, payload, len);
	return true;
}
