/* SPDX-License-Identifier: Apache-2.0 */
/* mhd_tls PORT CERT.pem KEY.pem PRIORITIES: libmicrohttpd with TLS on loopback, as a
 * peer of the TLS probe; until it is killed. */
#include "core/buf.h"
#include "core/file.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum MHD_Result answer(void *arg, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *body,
			      size_t *size, void **state)
{
	(void)arg, (void)c, (void)url, (void)method, (void)version, (void)body;
	(void)size, (void)state;
	return MHD_NO;
}

int main(int argc, char **argv)
{
	AUTO(buf_clear) struct buf cert = BUF_MAX(65536);
	AUTO(buf_clear) struct buf key = BUF_MAX(65536);
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct error err;

	if (argc != 5)
		return 64;
	at.sin_port = htons((uint16_t)atoi(argv[1]));
	if (!file_read(argv[2], &cert, &err) || !file_read(argv[3], &key, &err)) {
		fprintf(stderr, "mhd_tls: %s\n", err.msg);
		return 3;
	}
	if (!MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS, 0, NULL,
			      NULL, answer, NULL, MHD_OPTION_SOCK_ADDR, &at,
			      MHD_OPTION_HTTPS_MEM_CERT, cert.data,
			      MHD_OPTION_HTTPS_MEM_KEY, key.data,
			      MHD_OPTION_HTTPS_PRIORITIES, argv[4], MHD_OPTION_END)) {
		fprintf(stderr, "mhd_tls: libmicrohttpd does not start\n");
		return 3;
	}
	for (;;)
		pause();
}
