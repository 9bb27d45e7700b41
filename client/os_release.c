/* SPDX-License-Identifier: Apache-2.0 */
#include "client/os_release.h"

#include "core/text.h"

#include <stdio.h>

/* Undo shell quoting of the value that begins at s, up to the line's end. */
static void unquote(const char *s, char *out, size_t size)
{
	char quote = *s == '"' || *s == '\'' ? *s++ : '\0';
	size_t n = 0;

	for (; *s && *s != '\n' && *s != quote; s++) {
		if (*s == '\\' && quote != '\'' && s[1] && s[1] != '\n')
			s++;
		if (n + 1 < size)
			out[n++] = *s;
	}
	out[n] = '\0';
}

/* The last assignment counts, as in the shell that the format comes from. */
static void value_of(const char *text, const char *key, char *out, size_t size)
{
	size_t len = strlen(key);

	*out = '\0';
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len) && line[len] == '=')
			unquote(line + len + 1, out, size);
	}
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *s = list; *s; s += strspn(s, " ")) {
		size_t n = strcspn(s, " ");

		if (n == len && !strncmp(s, word, len))
			return true;
		s += n;
	}
	return false;
}

static bool is_el(const char *text)
{
	static const char *const ids[] = {"rhel", "centos", "rocky", "almalinux", "ol"};
	char id[OS_RELEASE_VALUE_MAX], like[OS_RELEASE_VALUE_MAX];

	value_of(text, "ID", id, sizeof(id));
	value_of(text, "ID_LIKE", like, sizeof(like));
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		if (!strcmp(id, ids[i]))
			return true;
	return has_word(like, "rhel");
}

/* "CentOS Linux release 7.9.2009 (Core)" -> "7.9" */
static void release_of(const char *redhat, char *out, size_t size)
{
	const char *at = strstr(redhat, " release ");
	unsigned major, minor;

	*out = '\0';
	if (at && sscanf(at, " release %2u.%2u", &major, &minor) == 2)
		snprintf(out, size, "%u.%u", major, minor);
}

void os_release_parse(const char *text, const char *redhat, struct os_release *out)
{
	char version[OS_RELEASE_VALUE_MAX], pretty[OS_RELEASE_VALUE_MAX], exact[8];
	struct os_release found = EMPTY;

	value_of(text, "VERSION_ID", version, sizeof(version));
	value_of(text, "PRETTY_NAME", pretty, sizeof(pretty));
	if (!*pretty)
		value_of(text, "ID", pretty, sizeof(pretty));
	text_safe(pretty, found.name, sizeof(found.name));
	if (is_el(text) && text_is_el(version)) {
		snprintf(found.el, sizeof(found.el), "%.7s", version);
		release_of(redhat ? redhat : "", exact, sizeof(exact));
		if (*exact && text_el_covers(version, exact))
			memcpy(found.el, exact, sizeof(exact));
	}
	*out = found;
}
