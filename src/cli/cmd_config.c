/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_config.c - `minnow config`: settings, and where they come from. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/text.h"
#include "cli/json.h"
#include "cli/output.h"
#include "store/paths.h"
#include "store/settings.h"

#include <string.h>

static const char *origin_name(mn_origin_kind origin)
{
    static const char *const names[] = { "built-in", MN_SYSTEM_SETTINGS, "user", "environment" };
    return names[origin];
}

/* The user's file, or the variable. */
static void describe_origin(char *out, size_t size, const char *name, mn_origin_kind origin,
                            const char *user_file)
{
    if (origin == MN_ORIGIN_USER) snprintf(out, size, "%s", user_file);
    else if (origin != MN_ORIGIN_ENVIRONMENT || !mn_settings_variable(out, size, name))
        snprintf(out, size, "%s", origin_name(origin));
}

static void list_table(const mn_settings *settings, const char *user_file)
{
    mn_table table = { .n_columns = 3, .right = "lll" };
    const mn_option_row *row;
    char where[1024];
    mn_origin_kind origin;
    mn_table_add(&table, "OPTION");
    mn_table_add(&table, "VALUE");
    mn_table_add(&table, "FROM");
    for (size_t i = 0; (row = mn_option_row_at(i)); i++) {
        const char *value = mn_settings_get(settings, row->name, &origin);
        mn_table_add(&table, row->name);
        mn_table_add(&table, value ? value : "");
        describe_origin(where, sizeof where, row->name, origin, user_file);
        mn_table_add(&table, where);
    }
    mn_table_print(&table);
}

static mn_status list_json(const mn_settings *settings, const char *user_file, mn_error *error)
{
    mn_json json = { 0 };
    const mn_option_row *row;
    char where[1024];
    mn_origin_kind origin;
    mn_json_open(&json, NULL, '[');
    for (size_t i = 0; (row = mn_option_row_at(i)); i++) {
        const char *value = mn_settings_get(settings, row->name, &origin);
        describe_origin(where, sizeof where, row->name, origin, user_file);
        mn_json_open(&json, NULL, '{');
        mn_json_string(&json, "option", row->name);
        mn_json_string(&json, "value", value);
        mn_json_string(&json, "default", row->default_value);
        mn_json_string(&json, "from", where);
        mn_json_string(&json, "help", row->help);
        mn_json_close(&json, '}');
    }
    mn_json_close(&json, ']');
    return mn_json_print(&json, error);
}

static mn_status need_arguments(const mn_call *call, size_t n, const char *usage, mn_error *error)
{
    return call->n_arguments == n ? MN_OK : mn_fail(error, MN_USAGE, "minnow config %s", usage);
}

static mn_status get(const mn_call *call, const mn_settings *settings, mn_error *error)
{
    const char *name = call->arguments[1];
    mn_options *options = NULL;
    if (!mn_option_row_find(name)) { /* the row's own message suggests the nearest name */
        mn_status status = mn_options_open(&options, error);
        if (!status) status = mn_options_set(options, name, "", error);
        mn_options_close(options);
        return status;
    }
    const char *value = mn_settings_get(settings, name, NULL);
    mn_out("%s\n", value ? value : "");
    return MN_OK;
}

static mn_status read_settings(const mn_call *call, const char *user_file, mn_error *error)
{
    mn_settings *settings;
    bool gets = call->n_arguments && !strcmp(call->arguments[0], "get");
    mn_status status = gets ? need_arguments(call, 2, "get NAME", error) : MN_OK;
    if (!status) status = mn_settings_open(&settings, error);
    if (status) return status;
    if (gets) status = get(call, settings, error);
    else if (mn_call_has(call, "json")) status = list_json(settings, user_file, error);
    else list_table(settings, user_file);
    mn_settings_close(settings);
    return status;
}

static mn_status change(const mn_call *call, const char *user_file, mn_error *error)
{
    bool sets = !strcmp(call->arguments[0], "set");
    mn_status status = sets ? need_arguments(call, 3, "set NAME VALUE", error)
                            : need_arguments(call, 2, "unset NAME", error);
    if (!status)
        status = mn_settings_write(user_file, call->arguments[1], sets ? call->arguments[2] : NULL,
                                   error);
    return status;
}

static mn_status run(mn_call *call, mn_error *error)
{
    const char *verb = call->n_arguments ? call->arguments[0] : "list";
    mn_text path = { 0 };
    mn_status status = mn_path_settings(&path, error);
    if (status) mn_text_free(&path);
    if (status) return status;
    if (!strcmp(verb, "list") || !strcmp(verb, "get"))
        status = read_settings(call, path.data, error);
    else if (!strcmp(verb, "set") || !strcmp(verb, "unset"))
        status = change(call, path.data, error);
    else if (!strcmp(verb, "path")) mn_out("%s\n", path.data);
    else
        status =
            mn_fail(error, MN_USAGE, "config: '%s' is none of list, get, set, unset, path", verb);
    mn_text_free(&path);
    return status;
}

static const mn_flag flags[] = {
    { "json", 0, MN_FLAG_SWITCH, NULL, "print JSON", 0, 0 },
    { 0 },
};

const mn_command mn_cmd_config = {
    .name = "config", .group = "plumbing",
    .arguments = "[list | get NAME | set NAME VALUE | unset NAME | path]",
    .help = "show and change settings",
    .text = "Settings are options of the commands, by their long names. Later ones win: built-in,\n"
            MN_SYSTEM_SETTINGS ", your own file ('minnow config path'), variables such as\n"
            "MINNOW_TOP_K, flags. The files hold lines such as: temp = 0.2",
    .examples = "minnow config list\nminnow config set threads 4\nminnow config unset threads",
    .flags = flags, .max_arguments = 3, .completes = MN_ARGUMENT_WORDS,
    .words = "list get set unset path",
    .top = true, .run = run,
};
