/* SPDX-License-Identifier: Apache-2.0 */
/* man.c - manual pages, in the language of man(7), from the rows of the commands. */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#define PAGE_DATE "2026-11-22" /* of the version; the pages depend on nothing but the program */

/* Text of a page: a backslash and a leading dot or quote would be commands, a bare '-' a hyphen. */
static void add_roff(mn_text *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool line_starts = !i || text[i - 1] == '\n';
        if (line_starts && (text[i] == '.' || text[i] == '\'')) mn_text_add(out, "\\&");
        if (text[i] == '\\') mn_text_add(out, "\\e");
        else if (text[i] == '-') mn_text_add(out, "\\-");
        else mn_text_add_char(out, text[i]);
    }
}

/* Running text, in lines that are short enough to read in the source of the page. */
static void add_wrapped(mn_text *out, const char *text, size_t length)
{
    size_t column = 0;
    for (size_t i = 0; i < length;) {
        size_t n = 0;
        while (i + n < length && text[i + n] != ' ' && text[i + n] != '\n') n++;
        if (n) {
            if (column) mn_text_add_char(out, column + n > 70 ? '\n' : ' ');
            column = column + n > 70 ? n : column + n + 1;
            add_roff(out, text + i, n);
        }
        i += n + 1;
    }
    mn_text_add_char(out, '\n');
}

static void add_line(mn_text *out, const char *macro, const char *text)
{
    mn_text_add(out, macro);
    add_roff(out, text, strlen(text));
    mn_text_add_char(out, '\n');
}

/* Paragraphs between empty lines. */
static void add_paragraphs(mn_text *out, const char *text)
{
    for (bool first = true; *text; first = false) {
        const char *end = strstr(text, "\n\n");
        size_t length = end ? (size_t)(end - text) : strlen(text);
        if (!first) mn_text_add(out, ".PP\n");
        if (text[0] == ' ') { /* indented lines are shown as they are */
            mn_text_add(out, ".nf\n");
            add_roff(out, text, length);
            mn_text_add(out, "\n.fi\n");
        } else {
            add_wrapped(out, text, length);
        }
        text += length;
        while (*text == '\n') text++;
    }
}

static void add_flag(mn_text *out, const mn_flag_view *flag)
{
    mn_text_add(out, ".TP\n.BR ");
    if (flag->letter) mn_text_format(out, "\\-%c \", \" ", flag->letter);
    mn_text_add(out, "\\-\\-");
    add_roff(out, flag->name, strlen(flag->name));
    if (flag->value) {
        mn_text_add(out, " \" ");
        add_roff(out, flag->value, strlen(flag->value));
        mn_text_add_char(out, '"');
    }
    mn_text_add_char(out, '\n');
    add_wrapped(out, flag->help, strlen(flag->help));
    if (flag->default_value) {
        mn_text_add_char(out, '[');
        add_roff(out, flag->default_value, strlen(flag->default_value));
        mn_text_add(out, "]\n");
    }
}

static void add_heading(mn_text *out, const char *heading)
{
    mn_text_add(out, ".SH ");
    for (; *heading; heading++)
        mn_text_add_char(out,
                         *heading >= 'a' && *heading <= 'z' ? (char)(*heading - 32) : *heading);
    mn_text_add_char(out, '\n');
}

static void add_examples(mn_text *out, const char *examples)
{
    mn_text_add(out, ".SH EXAMPLES\n.nf\n");
    add_roff(out, examples, strlen(examples));
    mn_text_add(out, "\n.fi\n");
}

static void add_exit_codes(mn_text *out)
{
    mn_text_add(out, ".SH EXIT STATUS\n0 ok, 1 failed, 2 usage, 3 does not fit,\n"
                     "4 a quality gate was missed, 5 network, 6 bad file, 130 interrupted.\n");
}

static void add_title(mn_text *out, const char *name)
{
    mn_text_add(out, ".TH \"");
    for (; *name; name++)
        mn_text_add_char(out, *name >= 'a' && *name <= 'z' ? (char)(*name - 32) : *name);
    mn_text_format(out, "\" 1 \"" PAGE_DATE "\" \"minnow %s\" \"User Commands\"\n.nh\n.ad l\n",
                   MN_VERSION);
}

static void write_command(mn_text *out, const mn_command *command)
{
    mn_flag_view flag;
    const char *group = "";
    char name[64];
    snprintf(name, sizeof name, "minnow-%s", command->name);
    add_title(out, name);
    mn_text_format(out, ".SH NAME\nminnow\\-%s \\- %s\n.SH SYNOPSIS\n.B minnow %s\n", command->name,
                   command->help, command->name);
    if (*command->arguments) add_line(out, "", command->arguments);
    mn_text_add(out, "[FLAGS]\n");
    if (*command->text) {
        mn_text_add(out, ".SH DESCRIPTION\n");
        add_paragraphs(out, command->text);
    }
    for (size_t i = 0; mn_flag_view_at(command, i, &flag); i++) {
        if (strcmp(group, flag.group)) add_heading(out, flag.group);
        group = flag.group;
        add_flag(out, &flag);
    }
    add_exit_codes(out);
    if (*command->examples) add_examples(out, command->examples);
    mn_text_add(out, ".SH SEE ALSO\n.BR minnow (1)\n");
}

static void write_program(mn_text *out)
{
    const mn_command *command;
    const char *group = "";
    add_title(out, "minnow");
    mn_text_add(out,
                ".SH NAME\nminnow \\- makes a language model small enough for a device, and runs "
                "it there\n.SH SYNOPSIS\n.B minnow\nCOMMAND [ARGUMENTS] [FLAGS]\n"
                ".SH DESCRIPTION\nEverything happens on this machine: no prompt and no answer "
                "leaves it.\nMODEL is a name in the store, such as smollm2:135m, or a .gguf "
                "file,\nwhich is used where it lies.\n");
    for (size_t i = 0; (command = mn_command_at(i)); i++) {
        if (strcmp(group, command->group)) add_heading(out, command->group);
        group = command->group;
        mn_text_format(out, ".TP\n.BR minnow\\-%s (1)\n", command->name);
        add_line(out, "", command->help);
    }
    add_exit_codes(out);
    mn_text_add(out, ".SH ENVIRONMENT\n"
                     ".TP\n.B MINNOW_HOME\nwhere the models are, instead of $XDG_DATA_HOME/minnow\n"
                     ".TP\n.B MINNOW_OFFLINE\n1 forbids every download\n"
                     ".TP\n.B MINNOW_THREADS, MINNOW_CTX, ...\nany option of the commands, above the "
                     "settings files and below the flags\n"
                     ".TP\n.B NO_COLOR\nno colours on a terminal\n"
                     ".SH FILES\n.TP\n.I /etc/minnow/config.toml\nsettings of the machine\n"
                     ".TP\n.I ~/.config/minnow/config.toml\nyour settings; see minnow\\-config(1)\n"
                     ".TP\n.I ~/.local/share/minnow\nthe models\n");
}

void mn_man_write(mn_text *out, const mn_command *command)
{
    if (command) write_command(out, command);
    else write_program(out);
}
