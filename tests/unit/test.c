/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#undef err

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { TESTS_MAX = 256 };

static struct CMUnitTest tests[TESTS_MAX];
static void (*bodies[TESTS_MAX])(struct error *err);
static unsigned count;

static void run(void **state)
{
	struct error err = EMPTY;
	void (*const *body)(struct error *) = *state;

	(*body)(&err);
}

void test_register(const char *name, void (*body)(struct error *err))
{
	if (count == TESTS_MAX)
		abort();
	bodies[count] = body;
	tests[count] = (struct CMUnitTest){name, run, NULL, NULL, &bodies[count]};
	count++;
}

void test_show_error(const char *call, const struct error *err)
{
	fprintf(stderr, "%s: %s: %s\n", call, error_code_name(err->code), err->msg);
}

const char *test_data_path(const char *name, char *out, size_t size)
{
	const char *top = getenv("TOP");

	snprintf(out, size, "%s/tests/data/%s", top ? top : ".", name);
	return out;
}

void test_load(const char *name, struct buf *out)
{
	char path[4096];
	struct error err;

	if (!file_read(test_data_path(name, path, sizeof(path)), out, &err))
		fail_msg("%s", err.msg);
}

size_t test_count(const char *name)
{
	char path[4096];
	DIR *dir = opendir(test_data_path(name, path, sizeof(path)));
	struct dirent *entry;
	size_t found = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		found += entry->d_name[0] != '.';
	closedir(dir);
	return found;
}

int main(void)
{
	return _cmocka_run_group_tests("", tests, count, NULL, NULL) != 0;
}
