/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: one line an event on stderr, for long-running programs.
 *
 * Rule: only programs log; core returns errors. A line is written with one
 * write(2), so lines of several threads do not mix. Values are escaped, in quotes
 * where they hold a blank, "=" or a quote, and cut at 1023 bytes.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "core/error.h"

#include <stdatomic.h>

enum log_format { LOG_TEXT, LOG_JSON };
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

struct log {
	enum log_format format;
	enum log_level least; /* lines below it are dropped */
	int fd;
	atomic_uint_fast64_t
		*lost; /* counts lines that could not be written; or NULL */
};

/* A name and a text value of an event; the last one of a list has name NULL. */
struct log_field {
	const char *name;
	const char *value;
};

/* "2021-08-25T00:00:00Z info listening address=127.0.0.1:8080", or the same as
 * one JSON object with the keys time, level, event and the fields' names. */
void log_event(const struct log *log, enum log_level level, const char *event,
	       const struct log_field *fields);

#endif
