/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 module that is SoftHSM's, save that its tokens lock as real ones do: after
 * three wrong PINs in a row, kept in the file $LOCKING_TOKEN_STATE, none is taken.
 * tests/cli/softhsm.bash builds it. SOFTHSM: path of the module behind it.
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>

enum { WRONG_MAX = 3 };

static CK_FUNCTION_LIST ours, *theirs;

static int read_wrong(void)
{
	FILE *f = fopen(getenv("LOCKING_TOKEN_STATE"), "r");
	int n = 0;

	if (f && fscanf(f, "%d", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

static void write_wrong(int n)
{
	FILE *f = fopen(getenv("LOCKING_TOKEN_STATE"), "w");

	if (f) {
		fprintf(f, "%d\n", n);
		fclose(f);
	}
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE type, CK_UTF8CHAR_PTR pin,
		   CK_ULONG len)
{
	int wrong = read_wrong();
	CK_RV rv;

	if (wrong >= WRONG_MAX)
		return CKR_PIN_LOCKED;
	rv = theirs->C_Login(session, type, pin, len);
	if (rv == CKR_OK || rv == CKR_PIN_INCORRECT)
		write_wrong(rv == CKR_OK ? 0 : wrong + 1);
	return rv;
}

__attribute__((visibility("default"))) CK_RV
C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list)
{
	void *module = dlopen(SOFTHSM, RTLD_NOW);
	CK_C_GetFunctionList get =
		module ? (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList")
		       : NULL;

	if (!get || get(&theirs) != CKR_OK)
		return CKR_GENERAL_ERROR;
	ours = *theirs;
	ours.C_Login = login;
	*list = &ours;
	return CKR_OK;
}
