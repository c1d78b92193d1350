/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cap on a domain's ports: the highest port number it may get, set when it is created. The
 * hypervisor tells nobody what it is, so whoever creates a domain has to write it down: xl in its
 * saved configuration, xencreate in the store.
 */
#ifndef CAP_H
#define CAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAP_NONE    INT32_MAX /* the hypervisor's own value for "as many as the interface gives" */
#define CAP_DEFAULT 1023      /* libxl's, when the configuration names none or 0 */

#define CAP_HANDLE_SIZE 16
/* Room for a node's path and for a record's text. */
#define CAP_NODE_MAX   64
#define CAP_RECORD_MAX 64

enum cap_source {
	CAP_SOURCE_UNKNOWN,
	CAP_SOURCE_DOM0,   /* domain 0 has none */
	CAP_SOURCE_CONFIG, /* xl's saved configuration names it */
	CAP_SOURCE_LIBXL,  /* xl's saved configuration does not: libxl's default */
	CAP_SOURCE_RECORD, /* our own record in the store */
};

struct cap {
	uint32_t max_port; /* inclusive; meaningless if the source is unknown */
	enum cap_source source;
	bool driver_domain; /* the configuration says that it serves others */
};

/** cap_source_name() - "unknown", "dom0", "xl config", "libxl default", "record". */
const char *cap_source_name(enum cap_source source);

/**
 * cap_usable() - ports a domain with this cap can have in use at once: port 0 is reserved
 * @n_abi: ports of its interface
 */
uint32_t cap_usable(uint32_t max_port, uint32_t n_abi);

/**
 * cap_node() - where the record of domain @domid is kept: below /libxl/DOMID, which goes away with
 * the domain whoever destroys it, and which guests cannot read
 *
 * Return: @path.
 */
const char *cap_node(char path[CAP_NODE_MAX], uint32_t domid);

/** cap_mark_node() - where a domain that uses more than the policy's soft limit is marked: "IN-USE
 * SOFT". Return: @path. */
const char *cap_mark_node(char path[CAP_NODE_MAX], uint32_t domid);

/**
 * cap_record_format() - the text to write there: "CAP UUID"
 * @handle: the domain's, so that a record that outlived its domain is not taken for that of the
 * next
 *
 * Return: @text.
 */
const char *cap_record_format(char text[CAP_RECORD_MAX], uint32_t max_port,
			      const uint8_t handle[CAP_HANDLE_SIZE]);

/**
 * cap_record_parse() - read it
 *
 * Return: 0, -EINVAL (no such text), -ESTALE (of another domain).
 */
int cap_record_parse(struct cap *cap, const char *text, const uint8_t handle[CAP_HANDLE_SIZE]);

/**
 * cap_config_parse() - read xl's saved configuration
 * @json: @len bytes; a NUL at the end may be counted in or not
 *
 * Source: libxl's JSON of libxl_domain_config: b_info.event_channels, c_info.driver_domain.
 *
 * Return: 0, -EINVAL (no such JSON), -ENOMEM.
 */
int cap_config_parse(struct cap *cap, const char *json, size_t len);

/** cap_handle_format() - as in file names and nodes: lower case with dashes, 36 characters. Return:
 * @text. */
const char *cap_handle_format(char text[37], const uint8_t handle[CAP_HANDLE_SIZE]);

#endif
