/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm_el7 IN OUT: the package as the rpmbuild of EL 7 would have written it: no digest
 * of the payload in the header, and a signature header with size, MD5 and SHA-1 alone.
 * Unsigned; rpmsign --rpmv3 signs it as EL 7's did.
 */
#include <rpm/header.h>
#include <rpm/rpmcrypto.h>
#include <rpm/rpmio.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmtag.h>
#include <rpm/rpmts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEAD_SIZE = 96, PAYLOAD_MAX = 1 << 30 };

struct package {
	char lead[LEAD_SIZE];
	char *header; /* with its magic */
	size_t header_len;
	char *payload;
	size_t payload_len;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Every tag again, save those that EL 7 did not know and those of the signature. */
static Header strip(Header from)
{
	static const rpmTagVal dropped[] = {
		RPMTAG_PAYLOADDIGEST,    RPMTAG_PAYLOADDIGESTALGO,
		RPMTAG_PAYLOADDIGESTALT, RPMTAG_HEADERIMMUTABLE,
		RPMTAG_HEADERSIGNATURES, RPMTAG_HEADERI18NTABLE,
		RPMTAG_SIGSIZE,          RPMTAG_SIGMD5,
		RPMTAG_SHA1HEADER,       RPMTAG_SHA256HEADER,
		RPMTAG_ARCHIVESIZE,      RPMTAG_RSAHEADER,
	};
	Header to = headerNew();
	HeaderIterator each = headerInitIterator(from);
	struct rpmtd_s td;

	while (headerNext(each, &td)) {
		int keep = 1;

		for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
			keep = keep && td.tag != dropped[i];
		if (keep)
			headerPut(to, &td, HEADERPUT_DEFAULT);
		rpmtdFreeData(&td);
	}
	headerFreeIterator(each);
	return headerReload(to, RPMTAG_HEADERIMMUTABLE);
}

/* A header as it stands in a file: headerWrite() wants a file to write to. */
static char *flat(Header h, size_t *len)
{
	char *out = NULL;
	FD_t fd = Fopen("rpm_el7.tmp", "w.ufdio");
	FILE *f;
	long size;

	if (!fd || headerWrite(fd, h, HEADER_MAGIC_YES))
		die("headerWrite");
	Fclose(fd);
	f = fopen("rpm_el7.tmp", "rb");
	if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0)
		die("rpm_el7.tmp");
	rewind(f);
	out = malloc((size_t)size);
	if (!out || fread(out, 1, (size_t)size, f) != (size_t)size)
		die("rpm_el7.tmp");
	fclose(f);
	unlink("rpm_el7.tmp");
	*len = (size_t)size;
	return out;
}

static struct package read_package(const char *path)
{
	struct package p = {.payload = malloc(PAYLOAD_MAX)};
	FILE *f = fopen(path, "rb");
	FD_t fd = Fopen(path, "r.ufdio");
	rpmts ts = rpmtsCreate();
	Header h = NULL, stripped;

	rpmtsSetVSFlags(ts, RPMVSF_MASK_NOSIGNATURES);
	if (!f || !p.payload || fread(p.lead, 1, LEAD_SIZE, f) != LEAD_SIZE ||
	    rpmReadPackageFile(ts, fd, path, &h) != RPMRC_OK)
		die(path);
	fseek(f, lseek(Fileno(fd), 0, SEEK_CUR), SEEK_SET);
	p.payload_len = fread(p.payload, 1, PAYLOAD_MAX, f);
	stripped = strip(h);
	p.header = flat(stripped, &p.header_len);
	headerFree(stripped);
	headerFree(h);
	rpmtsFree(ts);
	Fclose(fd);
	fclose(f);
	return p;
}

static void *digest(int algo, const struct package *p, int payload, int text)
{
	DIGEST_CTX ctx = rpmDigestInit(algo, RPMDIGEST_NONE);
	void *out = NULL;

	rpmDigestUpdate(ctx, p->header, p->header_len);
	if (payload)
		rpmDigestUpdate(ctx, p->payload, p->payload_len);
	rpmDigestFinal(ctx, &out, NULL, text);
	return out;
}

/* headerPut() alone: the others take a signature's tag for the header's of that number.
 */
static void put(Header h, rpmTagVal tag, rpmTagType type, void *data, rpm_count_t count)
{
	struct rpmtd_s td = {
		.tag = tag, .type = type, .data = data, .count = count, .size = count};

	if (!headerPut(h, &td, HEADERPUT_DEFAULT))
		die("headerPut");
}

static char *signature_header(const struct package *p, size_t *len)
{
	Header h = headerNew();
	uint32_t size = (uint32_t)(p->header_len + p->payload_len);
	void *md5 = digest(RPM_HASH_MD5, p, 1, 0);
	char *sha1 = digest(RPM_HASH_SHA1, p, 0, 1), *out;

	put(h, RPMSIGTAG_SIZE, RPM_INT32_TYPE, &size, 1);
	put(h, RPMSIGTAG_MD5, RPM_BIN_TYPE, md5, 16);
	put(h, RPMSIGTAG_SHA1, RPM_STRING_TYPE, sha1, 1);
	h = headerReload(h, RPMTAG_HEADERSIGNATURES);
	out = flat(h, len);
	headerFree(h);
	free(md5);
	free(sha1);
	return out;
}

int main(int argc, char **argv)
{
	static const char zeros[8];
	struct package p;
	char *signature;
	size_t len;
	FILE *f;

	if (argc != 3)
		return 64;
	rpmInitCrypto();
	p = read_package(argv[1]);
	signature = signature_header(&p, &len);
	f = fopen(argv[2], "wb");
	if (!f)
		die(argv[2]);
	fwrite(p.lead, 1, LEAD_SIZE, f);
	fwrite(signature, 1, len, f);
	fwrite(zeros, 1, -len & 7, f);
	fwrite(p.header, 1, p.header_len, f);
	fwrite(p.payload, 1, p.payload_len, f);
	free(signature);
	free(p.header);
	free(p.payload);
	return fclose(f) ? 1 : 0;
}
