/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.h - a pull, with what the person watching wants to see. */
#ifndef MN_CLI_FETCH_H
#define MN_CLI_FETCH_H

#include "cli/command.h"
#include "store/pull.h"

/* --offline, or MINNOW_OFFLINE set to anything but 0. */
bool mn_fetch_is_offline(const mn_call *call);
/* MN_NETWORK when offline. */
mn_status mn_fetch(const mn_call *call, const mn_store *store, const mn_catalogue_entry *entry,
                   mn_error *error);

#endif
