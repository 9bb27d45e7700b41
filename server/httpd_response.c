/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent: made once, sent many times. */
#include "server/httpd.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <unistd.h>

#if MHD_VERSION >= 0x00097302
static void drop(void *body)
{
	bytes_drop(body);
}

static struct MHD_Response *whole_or_part(struct bytes *body, size_t at, size_t len)
{
	struct MHD_Response *r = MHD_create_response_from_buffer_with_free_callback_cls(
		len, (char *)(uintptr_t)body->data + at, drop, body);

	if (r)
		bytes_hold(body);
	return r;
}
#else
/* EL 9's: a callback gets the data's address alone, so a part is a copy. */
static struct MHD_Response *whole_or_part(struct bytes *body, size_t at, size_t len)
{
	char *data = (char *)(uintptr_t)body->data;
	struct MHD_Response *r;

	if (at || body->file >= 0)
		return MHD_create_response_from_buffer(len, data + at,
						       MHD_RESPMEM_MUST_COPY);
	r = MHD_create_response_from_buffer_with_free_callback(len, data,
							       bytes_drop_data);
	if (r)
		bytes_hold(body);
	return r;
}
#endif

/* The response closes its descriptor at its end, so each has one of its own. */
static struct MHD_Response *of_file(const struct bytes *body)
{
	int fd = fcntl(body->file, F_DUPFD_CLOEXEC, 0);
	struct MHD_Response *r =
		fd < 0 ? NULL : MHD_create_response_from_fd64(body->len, fd);

	if (!r && fd >= 0)
		close(fd);
	return r;
}

/* Takes `r` over. */
static bool finish(struct MHD_Response *r, const struct httpd_header *headers,
		   size_t count, struct MHD_Response **out, struct error *err)
{
	if (!r)
		return error_set(err, ERR_SYSTEM, "no memory for a response");
	for (size_t i = 0; i < count; i++) {
		if (MHD_add_response_header(r, headers[i].name, headers[i].value) !=
		    MHD_YES) {
			MHD_destroy_response(r);
			return error_set(err, ERR_INTERNAL,
					 "the header '%s' cannot be sent",
					 headers[i].name);
		}
	}
	*out = r;
	return true;
}

bool httpd_response_new(struct bytes *body, size_t at, size_t len,
			const struct httpd_header *headers, size_t count,
			struct MHD_Response **out, struct error *err)
{
	struct MHD_Response *r = NULL;

	if (body->file >= 0 && len == body->len)
		r = of_file(body);
	if (!r)
		r = whole_or_part(body, at, len);
	return finish(r, headers, count, out, err);
}

bool httpd_response_bare(struct bytes *body, const struct httpd_header *headers,
			 size_t count, struct MHD_Response **out, struct error *err)
{
	return finish(whole_or_part(body, 0, body->len), headers, count, out, err);
}

void httpd_response_free(struct MHD_Response *r)
{
	if (r)
		MHD_destroy_response(r);
}
