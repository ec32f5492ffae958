/* SPDX-License-Identifier: Apache-2.0 */
/* completion.c - completion scripts for shells, from the rows of the commands.
 *
 * Names of models are asked for when they are needed (`minnow ls -q`). */
#include "cli/help.h"

#include "base/error.h"

#include <string.h>

/* Inside single quotes of a shell. */
static void add_quoted(mn_text *out, const char *text)
{
    mn_text_add_char(out, '\'');
    for (; *text; text++)
        if (*text == '\'') mn_text_add(out, "'\\''");
        else mn_text_add_char(out, *text);
    mn_text_add_char(out, '\'');
}

static void add_command_names(mn_text *out)
{
    const mn_command *command;
    for (size_t i = 0; (command = mn_command_at(i)); i++)
        mn_text_format(out, "%s%s", i ? " " : "", command->name);
}

static void add_choices(mn_text *out, const char *choices)
{
    for (; *choices; choices++) mn_text_add_char(out, *choices == '|' ? ' ' : *choices);
}

/* --- bash ------------------------------------------------------------------------------------ */

static const char *bash_arguments(const mn_command *command)
{
    switch (command->completes) {
    case MN_ARGUMENT_MODEL: return "$(minnow ls -q 2>/dev/null)";
    case MN_ARGUMENT_COMMAND: return "$commands";
    case MN_ARGUMENT_WORDS: return command->words;
    default: return "";
    }
}

static void bash_command(mn_text *out, const mn_command *command)
{
    mn_flag_view flag;
    mn_text_format(out, "    %s)\n        flags=\"", command->name);
    for (size_t i = 0; mn_flag_view_at(command, i, &flag); i++)
        mn_text_format(out, "%s--%s", i ? " " : "", flag.name);
    mn_text_format(out, "\"\n        words=\"%s\"\n        case $previous in\n",
                   bash_arguments(command));
    for (size_t i = 0; mn_flag_view_at(command, i, &flag); i++) {
        if (flag.is_switch) continue;
        mn_text_format(out, "        --%s", flag.name);
        if (flag.letter) mn_text_format(out, "|-%c", flag.letter);
        mn_text_add(out, ") ");
        if (flag.choices) {
            mn_text_add(out, "COMPREPLY=($(compgen -W \"");
            add_choices(out, flag.choices);
            mn_text_add(out, "\" -- \"$current\")); ");
        } else if (flag.is_file) {
            mn_text_add(out, "COMPREPLY=($(compgen -f -- \"$current\")); ");
        }
        mn_text_add(out, "return ;;\n");
    }
    mn_text_add(out, "        esac ;;\n");
}

static void write_bash(mn_text *out)
{
    const mn_command *command;
    mn_text_add(out, "# bash completion for minnow\n"
                     "_minnow() {\n"
                     "    local current previous command commands flags words\n"
                     "    current=${COMP_WORDS[COMP_CWORD]}\n"
                     "    previous=${COMP_WORDS[COMP_CWORD-1]}\n"
                     "    command=${COMP_WORDS[1]}\n"
                     "    commands=\"");
    add_command_names(out);
    mn_text_add(out, "\"\n"
                     "    COMPREPLY=()\n"
                     "    # bash splits words at colons, which names of models contain\n"
                     "    if declare -F _get_comp_words_by_ref >/dev/null; then\n"
                     "        _get_comp_words_by_ref -n : -c current -p previous\n"
                     "    fi\n"
                     "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                     "        COMPREPLY=($(compgen -W \"$commands --help --version\" -- \"$current\"))\n"
                     "        return\n"
                     "    fi\n"
                     "    case $command in\n");
    for (size_t i = 0; (command = mn_command_at(i)); i++) bash_command(out, command);
    mn_text_add(out, "    *) return ;;\n"
                     "    esac\n"
                     "    case $current in\n"
                     "    -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$current\")) ;;\n"
                     "    *)\n"
                     "        COMPREPLY=($(compgen -W \"$words\" -- \"$current\") "
                     "$(compgen -f -- \"$current\"))\n"
                     "        if declare -F __ltrim_colon_completions >/dev/null; then\n"
                     "            __ltrim_colon_completions \"$current\"\n"
                     "        fi ;;\n"
                     "    esac\n"
                     "}\n"
                     "complete -o filenames -F _minnow minnow\n");
}

/* --- zsh ------------------------------------------------------------------------------------- */

/* In an _arguments specification, brackets and colons have a meaning. */
static void add_zsh_text(mn_text *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '[' || *text == ']' || *text == ':') mn_text_add_char(out, '\\');
        if (*text == '\'') mn_text_add(out, "'\\''");
        else mn_text_add_char(out, *text);
    }
}

static void zsh_flag(mn_text *out, const mn_flag_view *flag)
{
    mn_text_add(out, " \\\n            ");
    if (flag->letter)
        mn_text_format(out, "'(-%c --%s)'{-%c,--%s}'", flag->letter, flag->name, flag->letter,
                       flag->name);
    else mn_text_format(out, "'--%s", flag->name);
    mn_text_add_char(out, '[');
    add_zsh_text(out, flag->help);
    mn_text_add_char(out, ']');
    if (!flag->is_switch) mn_text_add(out, ":value:");
    if (flag->is_file) mn_text_add(out, "_files");
    if (flag->choices) {
        mn_text_add_char(out, '(');
        add_choices(out, flag->choices);
        mn_text_add_char(out, ')');
    }
    mn_text_add_char(out, '\'');
}

static void zsh_command(mn_text *out, const mn_command *command)
{
    mn_flag_view flag;
    mn_text_format(out, "    %s)\n        _arguments -s", command->name);
    for (size_t i = 0; mn_flag_view_at(command, i, &flag); i++) zsh_flag(out, &flag);
    switch (command->completes) {
    case MN_ARGUMENT_MODEL: mn_text_add(out, " \\\n            '*:model:_minnow_models'"); break;
    case MN_ARGUMENT_FILE: mn_text_add(out, " \\\n            '*:file:_files'"); break;
    case MN_ARGUMENT_COMMAND:
        mn_text_add(out, " \\\n            '*:command:_minnow_commands'");
        break;
    case MN_ARGUMENT_WORDS:
        mn_text_format(out, " \\\n            '*:word:(%s)'", command->words);
        break;
    default: break;
    }
    mn_text_add(out, " ;;\n");
}

static void write_zsh(mn_text *out)
{
    const mn_command *command;
    mn_text_add(out, "#compdef minnow\n# zsh completion for minnow\n"
                     "_minnow_models() {\n"
                     "    local -a models\n"
                     "    models=(${(f)\"$(minnow ls -q 2>/dev/null)\"})\n"
                     "    compadd -a models\n"
                     "    _files -g '*.gguf'\n"
                     "}\n"
                     "_minnow_commands() {\n"
                     "    local -a commands\n"
                     "    commands=(\n");
    for (size_t i = 0; (command = mn_command_at(i)); i++) {
        mn_text_format(out, "        '%s:", command->name);
        add_zsh_text(out, command->help);
        mn_text_add(out, "'\n");
    }
    mn_text_add(out, "    )\n    _describe command commands\n}\n"
                     "_minnow() {\n"
                     "    if (( CURRENT == 2 )); then\n"
                     "        _minnow_commands\n"
                     "        return\n"
                     "    fi\n"
                     "    local command=$words[2]\n"
                     "    shift words\n"
                     "    (( CURRENT-- ))\n"
                     "    case $command in\n");
    for (size_t i = 0; (command = mn_command_at(i)); i++) zsh_command(out, command);
    mn_text_add(out, "    esac\n}\n"
                     "if [ \"$funcstack[1]\" = _minnow ]; then _minnow \"$@\"\n"
                     "else compdef _minnow minnow\nfi\n");
}

/* --- fish ------------------------------------------------------------------------------------ */

static void fish_flag(mn_text *out, const mn_command *command, const mn_flag_view *flag)
{
    mn_text_format(out, "complete -c minnow -n '__fish_seen_subcommand_from %s' -l %s",
                   command->name, flag->name);
    if (flag->letter) mn_text_format(out, " -s %c", flag->letter);
    if (!flag->is_switch) mn_text_add(out, flag->is_file ? " -r -F" : " -x");
    if (flag->choices) {
        mn_text_add(out, " -a '");
        add_choices(out, flag->choices);
        mn_text_add_char(out, '\'');
    }
    mn_text_add(out, " -d ");
    add_quoted(out, flag->help);
    mn_text_add_char(out, '\n');
}

static void fish_command(mn_text *out, const mn_command *command)
{
    mn_flag_view flag;
    mn_text_format(out, "complete -c minnow -n __fish_use_subcommand -f -a %s -d ", command->name);
    add_quoted(out, command->help);
    mn_text_add_char(out, '\n');
    const char *words = command->completes == MN_ARGUMENT_MODEL     ? "(minnow ls -q 2>/dev/null)"
                        : command->completes == MN_ARGUMENT_COMMAND ? "$__minnow_commands"
                        : command->completes == MN_ARGUMENT_WORDS   ? command->words
                                                                    : NULL;
    if (words)
        mn_text_format(out, "complete -c minnow -n '__fish_seen_subcommand_from %s'%s -a \"%s\"\n",
                       command->name, command->completes == MN_ARGUMENT_MODEL ? "" : " -f", words);
    for (size_t i = 0; mn_flag_view_at(command, i, &flag); i++) fish_flag(out, command, &flag);
}

static void write_fish(mn_text *out)
{
    const mn_command *command;
    mn_text_add(out, "# fish completion for minnow\nset -g __minnow_commands ");
    add_command_names(out);
    mn_text_add_char(out, '\n');
    for (size_t i = 0; (command = mn_command_at(i)); i++) fish_command(out, command);
}

mn_status mn_completion_write(mn_text *out, const char *shell, mn_error *error)
{
    if (!strcmp(shell, "bash")) write_bash(out);
    else if (!strcmp(shell, "zsh")) write_zsh(out);
    else if (!strcmp(shell, "fish")) write_fish(out);
    else return mn_fail(error, MN_USAGE, "completion: '%s' is none of bash, zsh, fish", shell);
    return MN_OK;
}
