/* SPDX-License-Identifier: Apache-2.0 */
/* core/http against a server whose answers are wrong (tests/http/misbehave.py). */
#include "core/http.h"

#include "core/file.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The server, which ends when its standard input does. */
struct server {
	pid_t pid;
	int input;
	const char *scheme;
	unsigned port;
};

static void server_stop(struct server *s)
{
	close(s->input);
	waitpid(s->pid, NULL, 0);
}

static struct server server_start(const char *cert)
{
	struct server s = {.scheme = cert ? "https" : "http"};
	const char *top = getenv("TOP");
	int in[2], out[2];
	char line[16] = "", script[4096];

	snprintf(script, sizeof(script), "%s/tests/http/misbehave.py", top ? top : ".");
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	s.pid = fork();
	if (s.pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execlp("python3", "python3", script, cert, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	s.input = in[1];
	for (size_t n = 0; !strchr(line, '\n') && n < sizeof(line) - 1; n++)
		assert_int_equal(read(out[0], line + n, 1), 1);
	close(out[0]);
	s.port = (unsigned)strtoul(line, NULL, 10);
	assert_int_not_equal(s.port, 0);
	return s;
}

/* A client that gives up after so many seconds of silence. */
static struct http *client_for(long seconds, const char *ca_file)
{
	struct http_options o = {.low_speed_seconds = seconds, .ca_file = ca_file};
	struct http *h = NULL;
	struct error why = EMPTY;

	if (!http_new(&o, &h, &why))
		fail_msg("%s", why.msg);
	return h;
}

static struct http *client(const char *ca_file)
{
	return client_for(60, ca_file);
}

static bool get(struct http *h, const struct server *s, const char *path,
		struct buf *out, struct error *why)
{
	char url[256];

	snprintf(url, sizeof(url), "%s://127.0.0.1:%u%s", s->scheme, s->port, path);
	return http_get(h, url, out, why);
}

TEST(http_gets_what_is_there_over_one_connection)
{
	AUTO(server_stop) struct server s = server_start(NULL);
	AUTO(http_freep) struct http *h = client(NULL);
	AUTO(buf_clear) struct buf b = BUF_MAX(4096);

	assert_ok(get(h, &s, "/good?7", &b, &err));
	assert_string_equal(b.data, "xxxxxxx");
	assert_ok(get(h, &s, "/good?2", &b, &err)); /* appended */
	assert_int_equal(b.len, 9);
	assert_ok(get(h, &s, "/good?0", &b, &err));
	assert_ok(get(h, &s, "/unframed", &b, &err));
	assert_int_equal(b.len, 14);
	assert_int_equal(http_requests(h), 4);
}

TEST(http_asks_for_the_path_as_it_is_and_for_no_compression)
{
	AUTO(server_stop) struct server s = server_start(NULL);
	AUTO(http_freep) struct http *h = client(NULL);
	AUTO(buf_clear) struct buf b = BUF_MAX(4096);

	assert_ok(get(h, &s, "/echo/../a%2Fb//c", &b, &err));
	assert_non_null(strstr(b.data, "GET /echo/../a%2Fb//c HTTP/1.1\r\n"));
	assert_null(strcasestr(b.data, "accept-encoding"));
}

TEST(http_takes_a_body_of_exactly_the_ceiling_and_no_more)
{
	AUTO(server_stop) struct server s = server_start(NULL);
	AUTO(http_freep) struct http *h = client(NULL);
	AUTO(buf_clear) struct buf b = BUF_MAX(1000);

	buf_puts(&b, "kept");
	assert_err(ERR_LIMIT, get(h, &s, "/good?997", &b, &err));
	assert_string_equal(b.data, "kept");
	assert_ok(get(h, &s, "/good?996", &b, &err));
	assert_int_equal(b.len, 1000);
	assert_err(ERR_LIMIT, get(h, &s, "/good?1", &b, &err));
	assert_int_equal(b.len, 1000);
}

TEST(http_refuses_what_is_wrong_and_leaves_the_output)
{
	static const struct {
		const char *path;
		enum error_code code;
		const char *says;
	} rows[] = {
		{"/404", ERR_NOT_FOUND, "answers 404"},
		{"/403", ERR_NOT_FOUND, "answers 403"},
		{"/410", ERR_NOT_FOUND, "answers 410"},
		{"/401", ERR_SYSTEM, "answers 401: it wants a name and password"},
		{"/500", ERR_SYSTEM, "answers 500, not 200"},
		{"/204", ERR_SYSTEM, "answers 204, not 200"},
		{"/206", ERR_SYSTEM, "answers 206, not 200"},
		{"/short", ERR_SYSTEM, "127.0.0.1"},
		{"/cut-chunks", ERR_SYSTEM, "127.0.0.1"},
		{"/endless", ERR_LIMIT, "more than is allowed"},
		{"/headers", ERR_LIMIT, "bytes of headers"},
		{"/loop", ERR_SYSTEM, "more than 3 redirects"},
		{"/hops?4", ERR_SYSTEM, "more than 3 redirects"},
		{"/to?file:///etc/passwd", ERR_SYSTEM, "not followed"},
		{"/to?gopher://127.0.0.1/", ERR_SYSTEM, "not followed"},
		{"/garbage", ERR_SYSTEM, "HTTP/0.9"},
	};
	AUTO(server_stop) struct server s = server_start(NULL);
	AUTO(http_freep) struct http *h = client(NULL);
	AUTO(buf_clear) struct buf b = BUF_MAX(200000);

	buf_puts(&b, "kept");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].path);
		assert_err(rows[i].code, get(h, &s, rows[i].path, &b, &err));
		print_message("  %s\n", err.msg);
		assert_says(rows[i].says);
		assert_string_equal(b.data, "kept");
	}
	/* and the client is still good */
	assert_ok(get(h, &s, "/hops?3", &b, &err));
	assert_ok(get(h, &s, "/long", &b, &err)); /* what Content-Length says counts */
	assert_int_equal(b.len, 4 + 5 + 5);
}

TEST(http_gives_up_on_a_server_that_is_slow_or_silent)
{
	AUTO(server_stop) struct server s = server_start(NULL);
	AUTO(http_freep) struct http *h = client_for(1, NULL);
	AUTO(buf_clear) struct buf b = BUF_MAX(200000);

	assert_err(ERR_SYSTEM, get(h, &s, "/drip", &b, &err));
	assert_says("too slow");
	assert_err(ERR_SYSTEM, get(h, &s, "/hang", &b, &err));
	assert_says("too slow");
	assert_int_equal(b.len, 0);
}

TEST(http_writes_to_a_descriptor_up_to_a_ceiling)
{
	AUTO(server_stop) struct server s = server_start(NULL);
	AUTO(http_freep) struct http *h = client(NULL);
	AUTO(file_closep) int fd = -1, full = -1;
	AUTO(buf_clear) struct buf b = BUF_MAX(4096);
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/good?4000", s.port);
	fd = open("body", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_err(ERR_LIMIT, http_get_fd(h, url, fd, 3999, &err));
	assert_ok(http_get_fd(h, url, fd, 4000, &err));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_ok(file_read_fd(fd, &b, &err));
	assert_int_equal(b.len, 4000);
	assert_ok(file_open("/dev/full", O_WRONLY, &full, &err));
	assert_err(ERR_SYSTEM, http_get_fd(h, url, full, 4000, &err));
	assert_says("cannot write");
}

TEST(http_refuses_other_protocols_and_dead_servers)
{
	AUTO(http_freep) struct http *h = client(NULL);
	AUTO(buf_clear) struct buf b = BUF_MAX(4096);

	assert_err(ERR_USAGE, http_get(h, "file:///etc/passwd", &b, &err));
	assert_err(ERR_USAGE, http_get(h, "127.0.0.1/", &b, &err));
	assert_err(ERR_SYSTEM, http_get(h, "http://u:secret@127.0.0.1:1/x", &b, &err));
	assert_says("'http://127.0.0.1:1/x': ");
	assert_null(strstr(err.msg, "secret"));
	assert_err(ERR_SYSTEM, http_get(h, "http://name.invalid/x", &b, &err));
	assert_says("name.invalid");
}

TEST(http_shows_no_password_wherever_it_stands)
{
	static const char *const pairs[][2] = {
		{"https://host/a", "https://host/a"},
		{"https://me:secret@host:8/a", "https://host:8/a"},
		{"http://me@host", "http://host"},
		{"http://me:secret@[::1]:8/a", "http://[::1]:8/a"},
		{"http://me:secret@more@host/", "http://host/"},
		{"http://me:sec/ret@host/a", "http://..."},
		{"http://me:80/secret@host/a", "http://..."},
		{"http://me:se?cret@host/a", "http://..."},
		{"http://me:se#cret@host/a", "http://..."},
		{"ftp://me:secret@host/a", "ftp://host/a"},
		{"someone@folder/a", "someone@folder/a"},
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		AUTO(buf_clear) struct buf b = BUF_MAX(100);

		http_name(pairs[i][0], &b);
		assert_string_equal(b.data, pairs[i][1]);
	}
}

TEST(http_takes_name_and_password_out_of_a_netrc_file)
{
	AUTO(server_stop) struct server s = server_start(NULL);
	const struct http_options options = {.netrc_file = "netrc"};
	AUTO(http_freep) struct http *h = NULL;
	AUTO(http_freep) struct http *none = NULL;
	AUTO(buf_clear) struct buf b = BUF_MAX(4096);
	static const char netrc[] = "machine other login me password wrong\n"
				    "machine 127.0.0.1 login me password secret\n";
	char path[64];

	assert_err(ERR_NOT_FOUND, http_new(&options, &none, &err));
	assert_says("cannot open 'netrc'");
	assert_null(none);
	assert_ok(file_write_atomic("netrc", netrc, sizeof(netrc) - 1, 0600, &err));
	assert_ok(http_new(&options, &h, &err));
	assert_ok(get(h, &s, "/echo", &b, &err));
	assert_non_null(strstr(b.data, "Authorization: Basic bWU6c2VjcmV0\r\n"));
	/* and where the server sends it on to another host, it stays behind */
	snprintf(path, sizeof(path), "/to?http://localhost:%u/echo", s.port);
	buf_reset(&b);
	assert_ok(get(h, &s, path, &b, &err));
	assert_null(strstr(b.data, "Authorization"));
}

TEST(http_joins_with_one_slash_and_refuses_what_no_path_goes_behind)
{
	static const char *const good[][3] = {
		{"http://h", "index.json", "http://h/index.json"},
		{"http://h/", "index.json", "http://h/index.json"},
		{"https://h:8443/a/b///", "metadata/1.root.json",
		 "https://h:8443/a/b/metadata/1.root.json"},
	};
	static const char *const bad[] = {"http://h/?a=b", "http://h/#a", "http://h?"};
	AUTO(buf_clear) struct buf url = BUF_MAX(64), room = BUF_MAX(16);

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		buf_reset(&url);
		assert_ok(http_join(good[i][0], good[i][1], &url, &err));
		assert_string_equal(url.data, good[i][2]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_err(ERR_USAGE, http_join(bad[i], "index.json", &url, &err));
		assert_says(bad[i]);
	}
	assert_err(ERR_LIMIT,
		   http_join("http://me:secret@h", "index.json", &room, &err));
	assert_says("'http://h': more than 16 bytes");
}

static const char *make_certificate(void)
{
	assert_int_equal(system("openssl req -x509 -newkey ec -pkeyopt "
				"ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=t "
				"-addext subjectAltName=IP:127.0.0.1 -keyout tls.key "
				"-out tls.crt 2>/dev/null && "
				"cat tls.crt tls.key >tls.pem"),
			 0);
	return "tls.pem";
}

TEST(http_over_tls_wants_a_known_certificate_and_never_falls_back_to_http)
{
	AUTO(server_stop) struct server plain = server_start(NULL);
	AUTO(server_stop) struct server s = server_start(make_certificate());
	AUTO(http_freep) struct http *h = client("tls.crt"), *stranger = client(NULL);
	AUTO(buf_clear) struct buf b = BUF_MAX(4096);
	char path[64];

	assert_ok(get(h, &s, "/good", &b, &err));
	assert_ok(get(h, &s, "/hops?2", &b, &err));
	assert_err(ERR_SYSTEM, get(stranger, &s, "/good", &b, &err));
	assert_says("certificate");
	snprintf(path, sizeof(path), "/to?http://127.0.0.1:%u/good", plain.port);
	assert_err(ERR_SYSTEM, get(h, &s, path, &b, &err));
	assert_says("not followed");
	snprintf(path, sizeof(path), "/to?https://127.0.0.1:%u/good", s.port);
	assert_ok(get(h, &plain, path, &b, &err)); /* up is fine */
}
