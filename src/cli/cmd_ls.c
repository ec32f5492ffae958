/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_ls.c - `minnow ls`: the models that are here. */
#include "cli/commands.h"

#include "cli/json.h"
#include "cli/output.h"
#include "store/store.h"

#include <time.h>

static void print_names(const mn_refs *refs)
{
    for (size_t i = 0; i < refs->n; i++) mn_out("%s\n", refs->items[i].name);
}

static void show_date(char out[16], int64_t seconds)
{
    time_t time = (time_t)seconds;
    struct tm parts;
    if (!localtime_r(&time, &parts) || !strftime(out, 16, "%Y-%m-%d", &parts)) out[0] = '\0';
}

static void print_table(const mn_refs *refs)
{
    mn_table table = { .n_columns = 6, .right = "lrrlll" };
    static const char *const heading[] = { "NAME", "SIZE", "PARAMETERS", "TYPE", "ADDED", "WHERE" };
    for (size_t i = 0; i < 6; i++) mn_table_add(&table, heading[i]);
    for (size_t i = 0; i < refs->n; i++) {
        const mn_ref *ref = &refs->items[i];
        char date[16];
        show_date(date, ref->added);
        mn_table_add(&table, ref->name);
        mn_table_add(&table, mn_size_show(ref->size_bytes).text);
        mn_table_add(&table, mn_count_show(ref->n_parameters).text);
        mn_table_add(&table, ref->type ? ref->type : "");
        mn_table_add(&table, date);
        mn_table_add(&table, ref->missing ? "missing" : ref->linked ? ref->path : "store");
    }
    mn_table_print(&table);
}

static mn_status print_json(const mn_refs *refs, mn_error *error)
{
    mn_json json = { 0 };
    mn_json_open(&json, NULL, '[');
    for (size_t i = 0; i < refs->n; i++) {
        const mn_ref *ref = &refs->items[i];
        mn_json_open(&json, NULL, '{');
        mn_json_string(&json, "name", ref->name);
        mn_json_u64(&json, "size_bytes", ref->size_bytes);
        mn_json_u64(&json, "parameters", ref->n_parameters);
        mn_json_string(&json, "architecture", ref->architecture);
        mn_json_string(&json, "type", ref->type);
        mn_json_string(&json, "licence", ref->licence);
        mn_json_string(&json, "source", ref->source);
        mn_json_string(&json, "sha256", ref->sha256);
        mn_json_i64(&json, "added", ref->added);
        mn_json_string(&json, "path", ref->path);
        mn_json_bool(&json, "linked", ref->linked);
        mn_json_bool(&json, "missing", ref->missing);
        mn_json_close(&json, '}');
    }
    mn_json_close(&json, ']');
    return mn_json_print(&json, error);
}

static mn_status run(mn_call *call, mn_error *error)
{
    mn_store *store;
    mn_refs refs = { 0 };
    mn_status status = mn_store_open(&store, error);
    if (!status) status = mn_store_list(store, &refs, error);
    if (!status && mn_call_has(call, "json")) status = print_json(&refs, error);
    else if (!status && call->quiet) print_names(&refs);
    else if (!status && refs.n) print_table(&refs);
    else if (!status) mn_note(call, "No models yet. Try: minnow pull smollm2:135m\n");
    mn_refs_free(&refs);
    mn_store_close(store);
    return status;
}

static const mn_flag flags[] = {
    { "json", 0, MN_FLAG_SWITCH, NULL, "print JSON", 0, 0 },
    { 0 },
};

const mn_command mn_cmd_ls = {
    .name = "ls", .group = "models", .arguments = "", .help = "list the models that are here",
    .text = "With --quiet, the names only.", .examples = "minnow ls\nminnow ls --json",
    .flags = flags, .top = true, .run = run,
};
