/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A quiet guest beside others that flood the daemon, on a simulated host (simxen). All of them are
 * played here, in one thread that never sleeps: it writes and reads the rings in the guests' store
 * pages and has the host send their events. Every now and then the quiet one asks for one node, and
 * is looked at after each step of a flood, so that its answer's arrival is known to a few µs.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>
#include <xenforeignmemory.h>

#include "floods.h"
#include "hist.h"
#include "ring.h"
#include "simxen/wire.h"
#include "step.h"

#define PERIOD_NS   2000000 /* between two requests of the quiet guest */
#define PATIENCE_NS 20000000000
#define WARM_NS	    200000000

struct player {
	uint32_t domid, port;
	uint64_t frame;
	struct xenstore_domain_interface *page; /* mapped */
	const struct flood *flood;		/* NULL: the quiet one */
	uint32_t at;				/* next of its requests */
	uint32_t id;				/* of its last request */
	uint32_t txid;				/* of its last transaction */
	uint32_t hidden;			/* bytes put into the ring and not yet shown */
	int host_fd;				/* borrowed: to simxend */
};

static void __attribute__((format(printf, 1, 2), noreturn)) fail(const char *fmt, ...)
{
	va_list ap;

	fputs("bench-guests: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int connect_to(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		fail("%s: too long", path);
	strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail("%s: %s", path, strerror(errno));
	return fd;
}

/* The guest sends an event on its store port. */
static void kick(const struct player *player)
{
	char buf[sizeof(struct wire_message) + 64];
	struct wire_message *message = (struct wire_message *)(void *)buf;
	struct wire_answer answer = { .error = EPROTO };
	int n;

	*message = (struct wire_message){ .request = WIRE_COMMAND, .version = WIRE_VERSION };
	n = sprintf(message->text, "notify %u %u", player->domid, player->port);
	if (send(player->host_fd, buf, sizeof(*message) + (size_t)n, 0) < 0 ||
	    recv(player->host_fd, &answer, sizeof(answer), 0) < 0 || answer.error)
		fail("the host does not send events");
}

/* One request of a program, answered "OK" or not at all. */
static void ask(int fd, uint32_t type, const char *payload, const struct player *player)
{
	struct step step = { .type = type, .payload = payload };
	struct step_vars vars = { .domain = player->domid,
				  .domid = player->domid,
				  .frame = (uint32_t)player->frame,
				  .port = player->port };
	struct xsd_sockmsg head = { .type = type };
	char text[XENSTORE_PAYLOAD_MAX], answer[64];

	head.len = step_payload(&step, &vars, text);
	if (write(fd, &head, sizeof(head)) != sizeof(head) ||
	    write(fd, text, head.len) != (ssize_t)head.len ||
	    recv(fd, &head, sizeof(head), MSG_WAITALL) != sizeof(head) ||
	    head.len > sizeof(answer) ||
	    recv(fd, answer, head.len, MSG_WAITALL) != (ssize_t)head.len)
		fail("the daemon does not answer");
	if (head.type == XS_ERROR)
		fail("%s for request %u on domain %u", answer, type, player->domid);
}

/* Puts one request into the ring if there is room for it; it is shown to the daemon unless in
 * crumbs. */
static bool put(struct player *player, const struct flood_request *request, uint32_t iteration)
{
	struct xenstore_domain_interface *page = player->page;
	uint16_t type = (uint16_t)request->type;
	struct step step = { .type = type, .payload = request->payload };
	struct step_vars vars = { .domain = player->domid, .iteration = iteration };
	struct xsd_sockmsg head = { .type = type, .req_id = ++player->id };
	uint32_t used, prod = page->req_prod;
	char buf[XENSTORE_RING_SIZE];

	if (player->hidden)
		return false;
	head.tx_id = request->type & FLOOD_IN_TXN ? player->txid : 0;
	head.len = step_payload(&step, &vars, buf + sizeof(head));
	memcpy(buf, &head, sizeof(head));
	if (ring_used(prod, ring_load(&page->req_cons), XENSTORE_RING_SIZE, &used) < 0)
		fail("domain %u: the daemon broke the ring", player->domid);
	if (XENSTORE_RING_SIZE - used < sizeof(head) + head.len)
		return false;
	/* Each succeeds, so ids count up. */
	player->txid += type == XS_TRANSACTION_START;
	ring_copy_in(page->req, XENSTORE_RING_SIZE, prod, buf, (uint32_t)sizeof(head) + head.len);
	if (player->flood && player->flood->ways & FLOOD_CRUMBS)
		player->hidden = (uint32_t)sizeof(head) + head.len;
	else
		ring_store(&page->req_prod, prod + (uint32_t)sizeof(head) + head.len);
	return true;
}

/* Takes all that was answered; returns how many bytes. */
static uint32_t drain(struct player *player, char *last, uint32_t size)
{
	struct xenstore_domain_interface *page = player->page;
	uint32_t used;

	if (ring_used(ring_load(&page->rsp_prod), page->rsp_cons, XENSTORE_RING_SIZE, &used) < 0)
		fail("domain %u: the daemon broke the ring", player->domid);
	if (last && used)
		ring_copy_out(last, page->rsp, XENSTORE_RING_SIZE, page->rsp_cons,
			      used < size ? used : size);
	if (used)
		ring_store(&page->rsp_cons, page->rsp_cons + used);
	return used;
}

static bool show_crumb(struct player *player)
{
	if (!player->hidden)
		return false;
	player->hidden--;
	ring_store(&player->page->req_prod, player->page->req_prod + 1);
	return true;
}

/* What is done to the page itself; returns whether that is all. */
static bool abuse_page(struct player *player, uint64_t *n_requests)
{
	struct xenstore_domain_interface *page = player->page;
	unsigned int ways = player->flood->ways;

	if (ways & FLOOD_BREAKS && page->req_prod - ring_load(&page->req_cons) < 5000)
		ring_store(&page->req_prod, page->req_prod + 5000);
	if (ways & FLOOD_ANEW && ring_load(&page->connection) == XENSTORE_CONNECTED) {
		ring_store(&page->connection, XENSTORE_RECONNECT);
		kick(player);
	}
	if (ways & (FLOOD_BREAKS | FLOOD_ANEW))
		(*n_requests)++;
	return ways & (FLOOD_BREAKS | FLOOD_ANEW);
}

static void flood_some(struct player *player, uint64_t *n_requests)
{
	const struct flood *flood = player->flood;
	bool moved = false;

	if (!abuse_page(player, n_requests)) {
		moved = !(flood->ways & FLOOD_MUTE) && drain(player, NULL, 0) > 0;
		while (flood->n_requests && put(player, &flood->requests[player->at], 0)) {
			player->at = (player->at + 1) % flood->n_requests;
			(*n_requests)++;
			moved = true;
		}
	}
	if (show_crumb(player) || moved || flood->ways & FLOOD_KICKS)
		kick(player);
}

static void prepare_flood(struct player *player)
{
	const struct flood *flood = player->flood;
	uint64_t patience_ns = now_ns() + PATIENCE_NS;

	/* A ring's first requests come in one piece. */
	player->flood = NULL;
	for (uint32_t i = 0; i < flood->setup_times; i++)
		for (uint32_t j = 0; j < flood->n_setup; j++)
			while (!put(player, &flood->setup[j], i)) {
				drain(player, NULL, 0);
				kick(player);
				if (now_ns() > patience_ns)
					fail("domain %u is not served", player->domid);
			}
	kick(player);
	player->flood = flood;
}

static void introduce(int fd, const struct player *player)
{
	ask(fd, XS_MKDIR, "/local/domain/%d/data|", player);
	ask(fd, XS_SET_PERMS, "/local/domain/%d|n0|r%d|", player);
	ask(fd, XS_SET_PERMS, "/local/domain/%d/data|n%d|", player);
	ask(fd, XS_WRITE, "/local/domain/%d/data/quiet|0123456789abcdef", player);
	ask(fd, XS_INTRODUCE, "%D|%G|%P|", player);
}

static int connect_to_host(void)
{
	const char *dir = getenv("SIMXEN_DIR");
	char path[256];

	if (!dir)
		fail("not on a simulated host (SIMXEN_DIR)");
	snprintf(path, sizeof(path), "%s/%s", dir, WIRE_SOCKET);
	return connect_to(path, SOCK_SEQPACKET);
}

static struct player *read_players(const char *path, uint32_t n)
{
	struct player *players = calloc(n, sizeof(*players));
	xenforeignmemory_handle *memory = xenforeignmemory_open(NULL, 0);
	FILE *file = fopen(path, "re");
	int host_fd = connect_to_host();

	if (!file || !players || !memory)
		fail("%s: %s", path, strerror(errno));
	for (uint32_t i = 0; i < n; i++) {
		struct player *player = &players[i];
		xen_pfn_t frame;

		if (fscanf(file, "%" SCNu32 " %" SCNu64 " %" SCNu32, &player->domid, &player->frame,
			   &player->port) != 3)
			fail("%s names too few domains", path);
		frame = player->frame;
		player->host_fd = host_fd;
		player->page = xenforeignmemory_map(memory, player->domid, PROT_READ | PROT_WRITE,
						    1, &frame, NULL);
		if (!player->page)
			fail("page of domain %u: %s", player->domid, strerror(errno));
	}
	fclose(file);
	return players;
}

struct measurement {
	struct hist latency_ns;
	uint64_t n_requests; /* of floods */
	uint64_t asked_ns;   /* 0: the quiet one waits for nothing */
	uint64_t due_ns;
};

static void look_at_quiet(struct measurement *m, struct player *quiet, bool record)
{
	static const struct flood_request request = { XS_READ, "data/quiet|" };
	struct xsd_sockmsg head;
	uint64_t at_ns = now_ns();

	if (m->asked_ns) {
		if (at_ns > m->asked_ns + PATIENCE_NS)
			fail("the quiet guest is not served any more");
		if (!drain(quiet, (char *)&head, sizeof(head)))
			return;
		if (head.type != XS_READ || head.req_id != quiet->id)
			fail("a wrong answer (type %u) for the quiet guest", head.type);
		if (record)
			hist_add(&m->latency_ns, now_ns() - m->asked_ns);
		m->asked_ns = 0;
		kick(quiet);
	} else if (at_ns >= m->due_ns) {
		m->due_ns = at_ns + PERIOD_NS;
		m->asked_ns = at_ns;
		if (!put(quiet, &request, 0))
			fail("the quiet guest's ring is full");
		kick(quiet);
	}
}

static void run(struct measurement *m, struct player *players, uint32_t n, uint64_t for_ns,
		bool record)
{
	uint64_t end_ns = now_ns() + for_ns;

	do {
		look_at_quiet(m, &players[0], record);
		for (uint32_t i = 1; i < n; i++) {
			flood_some(&players[i], &m->n_requests);
			look_at_quiet(m, &players[0], record);
		}
	} while (now_ns() < end_ns || m->asked_ns);
}

int main(int argc, char **argv)
{
	static struct measurement warm, m;
	const struct flood *flood;
	struct player *players;
	uint32_t n;
	double seconds;
	int fd;

	if (argc != 6) {
		fputs("usage: bench-guests SOCKET DOMAINS N-FLOODS KIND|all SECONDS\n", stderr);
		return 2;
	}
	n = 1 + (uint32_t)strtoul(argv[3], NULL, 10);
	flood = floods_get(argv[4]);
	seconds = atof(argv[5]);
	if (!flood && strcmp(argv[4], "all") != 0)
		fail("no flood is called %s", argv[4]);
	fd = connect_to(argv[1], SOCK_STREAM);
	players = read_players(argv[2], n);
	ask(fd, XS_WRITE, FLOOD_SHARED "|", &players[0]);
	ask(fd, XS_SET_PERMS, FLOOD_SHARED "|b0|", &players[0]);
	for (uint32_t i = 0; i < n; i++)
		introduce(fd, &players[i]);
	for (uint32_t i = 1; i < n; i++) {
		players[i].flood = flood ? flood : &floods[(i - 1) % floods_n];
		prepare_flood(&players[i]);
	}
	run(&warm, players, n, WARM_NS, false);
	run(&m, players, n, (uint64_t)(seconds * 1e9), true);
	printf("{\"asked\": %" PRIu64 ", \"p50_ns\": %" PRIu64 ", \"p90_ns\": %" PRIu64
	       ", \"p99_ns\": %" PRIu64 ", \"p999_ns\": %" PRIu64 ", \"max_ns\": %" PRIu64
	       ", \"floods_per_s\": %.0f}\n",
	       m.latency_ns.n, hist_percentile(&m.latency_ns, 50),
	       hist_percentile(&m.latency_ns, 90), hist_percentile(&m.latency_ns, 99),
	       hist_percentile(&m.latency_ns, 99.9), m.latency_ns.max,
	       (double)m.n_requests / seconds);
	return 0;
}
