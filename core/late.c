/* SPDX-License-Identifier: Apache-2.0 */
#include "core/late.h"

#include "core/text.h"

#include <dlfcn.h>
#include <string.h>

/* What dlerror() says, without the name that stands in front of it. */
static const char *reason(const struct late_library *l)
{
	const char *said = dlerror();

	if (!said)
		return "no reason given";
	if (text_starts(said, l->soname) && text_starts(said + strlen(l->soname), ": "))
		said += strlen(l->soname) + 2;
	return said;
}

static bool load(struct late_library *l, struct error *err)
{
	void *handle = dlopen(l->soname, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return error_set(err, ERR_SYSTEM, "cannot load %s: %s (install %s)",
				 l->soname, TEXT_SAFE(reason(l)), l->package);
	for (size_t i = 0; i < l->count; i++) {
		void *function = dlsym(handle, l->names[i]);

		if (!function)
			return error_set(err, ERR_SYSTEM,
					 "cannot use %s: it has no %s (install %s)",
					 l->soname, l->names[i], l->package);
		memcpy((char *)l->table + i * sizeof(function), &function,
		       sizeof(function));
	}
	return true;
}

bool late_load(struct late_library *l, struct error *err)
{
	bool loaded;

	pthread_mutex_lock(&l->lock);
	if (!l->loaded)
		l->loaded = load(l, err);
	loaded = l->loaded;
	pthread_mutex_unlock(&l->lock);
	return loaded;
}
