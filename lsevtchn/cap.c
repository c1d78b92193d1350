/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cap.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"

const char *cap_source_name(enum cap_source source)
{
	static const char *const names[] = {
		[CAP_SOURCE_UNKNOWN] = "unknown",  [CAP_SOURCE_DOM0] = "dom0",
		[CAP_SOURCE_CONFIG] = "xl config", [CAP_SOURCE_LIBXL] = "libxl default",
		[CAP_SOURCE_RECORD] = "record",
	};

	return names[source];
}

uint32_t cap_usable(uint32_t max_port, uint32_t n_abi)
{
	return max_port < n_abi - 1 ? max_port : n_abi - 1;
}

const char *cap_node(char path[CAP_NODE_MAX], uint32_t domid)
{
	snprintf(path, CAP_NODE_MAX, "/libxl/%" PRIu32 "/max-event-channels", domid);
	return path;
}

const char *cap_mark_node(char path[CAP_NODE_MAX], uint32_t domid)
{
	snprintf(path, CAP_NODE_MAX, "/libxl/%" PRIu32 "/event-channels-over-soft", domid);
	return path;
}

const char *cap_handle_format(char text[37], const uint8_t handle[CAP_HANDLE_SIZE])
{
	size_t at = 0;

	for (size_t i = 0; i < CAP_HANDLE_SIZE; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		at += snprintf(text + at, 37 - at, "%02x", handle[i]);
	}
	return text;
}

const char *cap_record_format(char text[CAP_RECORD_MAX], uint32_t max_port,
			      const uint8_t handle[CAP_HANDLE_SIZE])
{
	char uuid[37];

	snprintf(text, CAP_RECORD_MAX, "%" PRIu32 " %s", max_port, cap_handle_format(uuid, handle));
	return text;
}

int cap_record_parse(struct cap *cap, const char *text, const uint8_t handle[CAP_HANDLE_SIZE])
{
	char uuid[37];
	char *end;
	unsigned long max_port;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	max_port = strtoul(text, &end, 10);
	if (errno || max_port > CAP_NONE || *end++ != ' ')
		return -EINVAL;
	if (strlen(end) != sizeof(uuid) - 1 || strspn(end, "0123456789abcdef-") != sizeof(uuid) - 1)
		return -EINVAL;
	if (strcmp(end, cap_handle_format(uuid, handle)) != 0)
		return -ESTALE;
	*cap = (struct cap){ .max_port = max_port, .source = CAP_SOURCE_RECORD };
	return 0;
}

static void put_json(struct json_object *object)
{
	json_object_put(object);
}
DEFINE_CLEANUP(struct json_object *, put_json)

/* libxl writes a defbool as "True", "False" or "<default>". */
static bool is_true(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) &&
	       strcmp(json_object_get_string(value), "True") == 0;
}

int cap_config_parse(struct cap *cap, const char *json, size_t len)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *build, *create, *ports;
	struct cap found = { .max_port = CAP_DEFAULT, .source = CAP_SOURCE_LIBXL };

	if (!tokener)
		return -ENOMEM;
	if (len && !json[len - 1])
		len--;
	CLEANUP(put_json) struct json_object *root = json_tokener_parse_ex(tokener, json, len);
	json_tokener_free(tokener);
	if (!root || !json_object_is_type(root, json_type_object) ||
	    !json_object_object_get_ex(root, "c_info", &create) ||
	    !json_object_is_type(create, json_type_object))
		return -EINVAL;
	found.driver_domain = is_true(create, "driver_domain");
	if (json_object_object_get_ex(root, "b_info", &build) &&
	    json_object_is_type(build, json_type_object) &&
	    json_object_object_get_ex(build, "event_channels", &ports)) {
		int64_t n = json_object_get_int64(ports);

		if (!json_object_is_type(ports, json_type_int) || n < 0 || n > UINT32_MAX)
			return -EINVAL;
		if (n) {
			found.max_port = n > CAP_NONE ? CAP_NONE : n;
			found.source = CAP_SOURCE_CONFIG;
		}
	}
	*cap = found;
	return 0;
}
