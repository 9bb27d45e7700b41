/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/passphrase.h"

#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static int open_terminal(void)
{
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

bool passphrase_can_ask(int fd)
{
	AUTO(file_closep) int tty = -1;

	if (fd >= 0)
		return true;
	/* a program whose input is no terminal is not asked through another */
	tty = isatty(STDIN_FILENO) ? open_terminal() : -1;
	return tty >= 0;
}

/* Byte by byte: what stands behind the line is not ours. */
static bool read_line(int fd, struct buf *out, struct error *err)
{
	char *to = buf_reserve(out, PASSPHRASE_MAX);
	size_t n = 0;

	if (!to)
		return error_set(err, ERR_SYSTEM, "no memory");
	while (n < PASSPHRASE_MAX) {
		ssize_t got = read(fd, to + n, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(err,
					 "cannot read the passphrase from descriptor "
					 "%d",
					 fd);
		if (got == 0 || to[n] == '\n')
			break;
		n++;
	}
	buf_advance(out, n);
	if (n == PASSPHRASE_MAX)
		return error_set(err, ERR_LIMIT, "a passphrase of more than %d bytes",
				 PASSPHRASE_MAX - 1);
	if (!n || strlen(out->data) != n)
		return error_set(err, ERR_USAGE, "the passphrase is empty");
	return true;
}

/* Wait for a line, or for a signal that ends the program: it is held back by `held`
 * until the terminal is as it was. */
static bool await_line(int tty, const sigset_t *held, struct error *err)
{
	AUTO(file_closep) int signals = signalfd(-1, held, SFD_CLOEXEC);
	struct pollfd p[] = {
		{.fd = tty, .events = POLLIN},
		{.fd = signals, .events = POLLIN},
	};

	while (poll(p, ARRAY_LEN(p), -1) < 0)
		if (errno != EINTR)
			return error_sys(err, "cannot ask at the terminal");
	return !p[1].revents || error_set(err, ERR_SYSTEM, "interrupted");
}

static bool ask(int tty, const char *prompt, struct buf *out, struct error *err)
{
	struct termios before, quiet;
	sigset_t held, mask;
	bool ok;

	if (tcgetattr(tty, &before))
		return error_sys(err, "cannot ask at the terminal");
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	sigemptyset(&held);
	for (size_t i = 0; i < ARRAY_LEN(ending); i++)
		sigaddset(&held, ending[i]);
	pthread_sigmask(SIG_BLOCK, &held, &mask);
	ok = !tcsetattr(tty, TCSAFLUSH, &quiet) ||
	     error_sys(err, "cannot ask at the terminal");
	if (ok) {
		dprintf(tty, "%s: ", prompt);
		ok = await_line(tty, &held, err) && read_line(tty, out, err);
		dprintf(tty, "\n");
		tcsetattr(tty, TCSAFLUSH, &before);
	}
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return ok;
}

bool passphrase_read(int fd, const char *prompt, bool twice, struct buf *out,
		     struct error *err)
{
	AUTO(buf_cleanse) struct buf again = BUF_MAX(PASSPHRASE_MAX);
	AUTO(file_closep) int tty = -1;

	if (fd >= 0)
		return read_line(fd, out, err);
	if (!passphrase_can_ask(-1) || (tty = open_terminal()) < 0)
		return error_set(err, ERR_USAGE,
				 "no terminal to ask for the passphrase at: give it "
				 "with --passphrase-fd N");
	if (!ask(tty, prompt, out, err))
		return false;
	if (!twice)
		return true;
	if (!ask(tty, "Once more", &again, err))
		return false;
	return !strcmp(out->data, again.data) ||
	       error_set(err, ERR_USAGE, "the two passphrases differ");
}
