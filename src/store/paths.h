/* SPDX-License-Identifier: Apache-2.0 */
/* paths.h - where things are kept, by the XDG rules; nothing is created here but by
 * mn_folder_make. */
#ifndef MN_STORE_PATHS_H
#define MN_STORE_PATHS_H

#include "base/text.h"

#include <minnow/status.h>

#define MN_SYSTEM_SETTINGS "/etc/minnow/config.toml"

/* Each appends a path to `out`; MN_FAILED when neither the environment nor the system names a
 * home. */
mn_status mn_path_store(mn_text *out, mn_error *error); /* $MINNOW_HOME or $XDG_DATA_HOME/minnow */
mn_status mn_path_settings(mn_text *out, mn_error *error); /* $XDG_CONFIG_HOME/minnow/config.toml */
mn_status mn_path_state(mn_text *out, const char *file,
                        mn_error *error); /* $XDG_STATE_HOME/minnow */

/* Makes the folder and those above it; the new ones get `mode`. */
mn_status mn_folder_make(const char *path, unsigned mode, mn_error *error);
/* Removes a folder with everything in it; links are removed, not followed. */
void mn_folder_remove(const char *path);

#endif
