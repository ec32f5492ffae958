/* SPDX-License-Identifier: Apache-2.0 */
/* help.c - what `--help` prints. */
#include "cli/help.h"

#include "base/error.h"
#include "base/memory.h"
#include "cli/output.h"

#include <string.h>

/* --- the flags of a command, wherever they come from ----------------------------------------- */

static const char *const scope_headings[] = { "Model options", "Engine options", "Session options",
                                              "Sampling options" };

static const char *option_value_name(const mn_option_row *row)
{
    switch (row->kind) {
    case MN_OPTION_INT: return "N";
    case MN_OPTION_REAL: return "X";
    case MN_OPTION_SIZE: return "SIZE";
    case MN_OPTION_CHOICE: return row->choices;
    case MN_OPTION_TEXT: return "TEXT";
    default: return NULL;
    }
}

static void view_flag(mn_flag_view *out, const mn_flag *flag)
{
    *out = (mn_flag_view){ .group = "Flags", .name = flag->name, .value = flag->value,
                           .help = flag->help, .letter = flag->letter,
                           .is_switch = flag->kind == MN_FLAG_SWITCH,
                           .is_file = flag->kind == MN_FLAG_FILE,
                           .choices = flag->kind == MN_FLAG_CHOICE ? flag->value : NULL };
}

static void view_option(mn_flag_view *out, const mn_option_row *row)
{
    *out = (mn_flag_view){ .group = scope_headings[row->scope], .name = row->name,
                           .value = option_value_name(row), .help = row->help,
                           .letter = mn_option_letter(row->name),
                           .default_value = row->default_value,
                           .is_switch = row->kind == MN_OPTION_BOOL, .choices = row->choices };
}

bool mn_flag_view_at(const mn_command *command, size_t index, mn_flag_view *out)
{
    size_t n = 0;
    for (const mn_flag *flag = command->flags; flag && flag->name; flag++, n++) {
        if (n != index) continue;
        view_flag(out, flag);
        return true;
    }
    for (size_t i = 0; mn_common_flag_at(i); i++, n++) {
        if (n != index) continue;
        view_flag(out, mn_common_flag_at(i));
        return true;
    }
    const mn_option_row *row;
    for (size_t i = 0; (row = mn_option_row_at(i)); i++) {
        if (!(command->scopes & MN_SCOPE_BIT(row->scope)) || n++ != index) continue;
        view_option(out, row);
        return true;
    }
    return false;
}

/* --- one command ----------------------------------------------------------------------------- */

/* "-n, --tokens N" */
static int flag_label(char *out, size_t size, const mn_flag_view *flag)
{
    char letter[8] = "    ";
    if (flag->letter) snprintf(letter, sizeof letter, "-%c, ", flag->letter);
    return snprintf(out, size, "%s--%s%s%s", letter, flag->name, flag->value ? " " : "",
                    flag->value ? flag->value : "");
}

static bool default_is_told(const mn_flag_view *flag)
{
    return flag->default_value && !flag->is_switch && strcmp(flag->default_value, "0")
           && strcmp(flag->default_value, "-1");
}

static void print_flags(const mn_command *command)
{
    char label[96];
    mn_flag_view flag;
    const char *group = "";
    int width = 0;
    for (size_t i = 0; mn_flag_view_at(command, i, &flag); i++) {
        int length = flag_label(label, sizeof label, &flag);
        if (length > width) width = length;
    }
    for (size_t i = 0; mn_flag_view_at(command, i, &flag); i++) {
        if (strcmp(group, flag.group))
            mn_out("\n%s%s:%s\n", mn_bold(stdout), flag.group, mn_plain(stdout));
        group = flag.group;
        flag_label(label, sizeof label, &flag);
        mn_out("  %-*s  %s", width, label, flag.help);
        if (default_is_told(&flag)) mn_out(" [%s]", flag.default_value);
        mn_out("\n");
    }
}

static void print_examples(const char *examples)
{
    for (const char *line = examples; *line;) {
        size_t length = strcspn(line, "\n");
        bool words = *line == '#';
        mn_out("  %s", words ? mn_faint(stdout) : "");
        mn_out_bytes(line, length);
        mn_out("%s\n", words ? mn_plain(stdout) : "");
        line += length + (line[length] == '\n');
    }
}

void mn_help_command(const mn_command *command)
{
    mn_out("%sminnow %s%s: %s\n\n", mn_bold(stdout), command->name, mn_plain(stdout),
           command->help);
    mn_out("%sUsage:%s minnow %s%s%s [FLAGS]\n", mn_bold(stdout), mn_plain(stdout), command->name,
           *command->arguments ? " " : "", command->arguments);
    if (*command->text) mn_out("\n%s\n", command->text);
    print_flags(command);
    if (!*command->examples) return;
    mn_out("\n%sExamples:%s\n", mn_bold(stdout), mn_plain(stdout));
    print_examples(command->examples);
}

/* --- all of them ----------------------------------------------------------------------------- */

static void print_heading(void)
{
    mn_out("%sminnow%s %s: makes a language model small enough for a device, and runs it there.\n",
           mn_bold(stdout), mn_plain(stdout), MN_VERSION);
    mn_out("\n%sUsage:%s minnow COMMAND [ARGUMENTS] [FLAGS]\n", mn_bold(stdout), mn_plain(stdout));
}

static void print_command_line(const mn_command *command)
{
    mn_out("  %-11s %s\n", command->name, command->help);
}

void mn_help_short(void)
{
    const mn_command *command;
    print_heading();
    mn_out("\n");
    for (size_t i = 0; (command = mn_command_at(i)); i++)
        if (command->top) print_command_line(command);
    mn_out("\n'minnow help COMMAND' tells all about one, with examples; 'minnow help --all' lists "
           "every\ncommand. MODEL is a name from 'minnow ls', or a .gguf file.\n");
}

void mn_help_all(void)
{
    const mn_command *command;
    const char *group = "";
    print_heading();
    for (size_t i = 0; (command = mn_command_at(i)); i++) {
        if (strcmp(group, command->group))
            mn_out("\n%s%s%s\n", mn_bold(stdout), command->group, mn_plain(stdout));
        group = command->group;
        print_command_line(command);
    }
    mn_out("\n%sExit codes%s\n  0 ok, 1 failed, 2 usage, 3 does not fit, 4 a quality gate was "
           "missed, 5 network,\n  6 bad file, 130 interrupted\n",
           mn_bold(stdout), mn_plain(stdout));
}

void mn_help_welcome(void)
{
    mn_out("%sminnow%s %s runs small language models on this machine; nothing leaves it.\n\n",
           mn_bold(stdout), mn_plain(stdout), MN_VERSION);
    mn_out("  minnow pull smollm2:135m          fetch a small model (98 MB)\n"
           "  minnow run smollm2:135m \"Hello\"   ask it something\n"
           "  minnow run smollm2:135m           chat with it\n"
           "  minnow ls                         the models that are here\n"
           "  minnow --help                     more commands\n");
}

mn_status mn_help_fail_unknown(const char *name, mn_error *error)
{
    const char *names[64];
    size_t n = 0;
    for (const mn_command *c; n < 64 && (c = mn_command_at(n)); n++) names[n] = c->name;
    const char *nearest = mn_nearest_name(name, names, n);
    if (nearest)
        return mn_fail(error, MN_USAGE, "there is no command '%s'; did you mean '%s'?", name,
                       nearest);
    return mn_fail(error, MN_USAGE, "there is no command '%s'; 'minnow help --all' lists them",
                   name);
}
