/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls: a certificate and its key, checked before they are used: the TLS library
 * behind libmicrohttpd takes a pair that does not fit and fails every handshake.
 * This module alone includes <openssl/store.h>.
 */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H

#include "core/buf.h"

/* PEM: the first certificate is the server's own and the key is made for it; else
 * ERR_FORMAT. */
bool tls_check_pair(const struct buf *cert, const struct buf *key,
		    struct error *err) MUST_CHECK;

#endif
