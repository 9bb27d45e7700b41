/* SPDX-License-Identifier: Apache-2.0 */
#include "client/containerd.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#define D1 "1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "2222222222222222222222222222222222222222222222222222222222222222"

TEST(containerd_reads_the_layers_of_an_image_manifest)
{
	static const char text[] = "{\"schemaVersion\":2,\"config\":{},\"layers\":["
				   "{\"digest\":\"sha256:" D1 "\",\"size\":5},"
				   "{\"size\":1.5,\"digest\":\"sha256:" D2 "\"}]}";
	struct digest *layers = NULL;
	size_t n = 0;

	assert_ok(containerd_layers(text, strlen(text), &layers, &n, &err));
	assert_int_equal(n, 2);
	assert_string_equal(DIGEST_HEX(&layers[1]), D2);
	free(layers);
}

TEST(containerd_reads_the_layers_of_an_image_config)
{
	static const char text[] =
		"{\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":["
		"\"sha256:" D1 "\",\"sha256:" D2 "\"],"
		"\"type\":\"layers\"}}";
	struct digest *layers = NULL;
	size_t n = 0;

	assert_ok(containerd_layers(text, strlen(text), &layers, &n, &err));
	assert_int_equal(n, 2);
	assert_string_equal(DIGEST_HEX(&layers[0]), D1);
	free(layers);
}

TEST(containerd_refuses_what_is_no_image_manifest)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"layers\":{}}",
		"{\"layers\":[1]}",
		"{\"layers\":[{}]}",
		"{\"layers\":[{\"digest\":\"" D1 "\"}]}",
		"{\"layers\":[{\"digest\":\"sha512:" D1 "\"}]}",
		"{\"layers\":[{\"digest\":\"sha256:../" D1 "\"}]}",
		"{\"layers\":[{\"digest\":\"sha256:" D1 "1\"}]}",
		"{\"layers\":[],\"layers\":[]}",
		"{\"layers\":[]} x",
		"{\"rootfs\":[]}",
		"{\"rootfs\":{}}",
		"{\"rootfs\":{\"diff_ids\":[{}]}}",
		"{\"rootfs\":{\"diff_ids\":[\"" D1 "\"]}}",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct digest *layers = NULL;
		size_t n = 7;

		assert_err(ERR_FORMAT, containerd_layers(bad[i], strlen(bad[i]),
							 &layers, &n, &err));
		assert_null(layers);
		assert_int_equal(n, 7);
	}
}

TEST(containerd_has_a_ceiling_of_layers)
{
	static char text[80000] = "{\"layers\":[{}";
	struct digest *layers = NULL;
	size_t n = 0;

	for (int i = 0; i < 1001; i++)
		strcat(text, ",{}");
	strcat(text, "]}");
	assert_err(ERR_LIMIT, containerd_layers(text, strlen(text), &layers, &n, &err));
}

TEST(containerd_is_no_error_when_it_is_not_there)
{
	struct containerd c = {.fd = 7};

	assert_ok(containerd_open(-100, "/not/there/at/all", &c, &err));
	assert_int_equal(c.fd, -1);
}
