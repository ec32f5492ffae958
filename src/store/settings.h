/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - options from files and from the environment.
 *
 * Later wins: built-in, the system's file, the user's file, MINNOW_*
 * variables; flags come on top of all. Keys are the names of options. */
#ifndef MN_STORE_SETTINGS_H
#define MN_STORE_SETTINGS_H

#include "base/options.h"

typedef enum mn_origin_kind { MN_ORIGIN_BUILT_IN, MN_ORIGIN_SYSTEM, MN_ORIGIN_USER,
                              MN_ORIGIN_ENVIRONMENT } mn_origin_kind;

typedef struct mn_settings mn_settings;

/* Reads the files that exist and the environment. MN_USAGE for an unknown option or a value that
 * its row refuses; the message names the file and line, or the variable. */
mn_status mn_settings_open(mn_settings **out, mn_error *error);
/* The same from these files; NULL: none. */
mn_status mn_settings_open_files(mn_settings **out, const char *system_file, const char *user_file,
                                 mn_error *error);
void mn_settings_close(mn_settings *settings); /* NULL is fine */

/* The value in force as text (NULL: none) and where it came from. */
const char *mn_settings_get(const mn_settings *settings, const char *name, mn_origin_kind *origin);
/* "MINNOW_TOP_K"; false if it does not fit. */
bool mn_settings_variable(char *out, size_t size, const char *name);
/* Sets every option that the settings name and that `options` leaves at its default. */
mn_status mn_settings_fill(const mn_settings *settings, mn_options *options, mn_error *error);

/* Writes one option into a settings file, keeping all other lines; NULL takes it out. The file
 * and its folder are made when missing. The value is checked first. */
mn_status mn_settings_write(const char *path, const char *name, const char *value, mn_error *error);

#endif
