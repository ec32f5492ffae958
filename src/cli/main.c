/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - finds the command, reads the settings and the flags, runs it, and ends with its code. */
#include "base/error.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "store/settings.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A file opened later must not become the standard output by taking its free number. */
static void open_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_WRONLY : O_RDONLY) < 0) _exit(1);
}

static int finish(const mn_command *command, mn_status status, mn_error *error)
{
    mn_error ending = { 0 };
    mn_status written = mn_out_end(&ending);
    if (!status && written) {
        status = written;
        *error = ending;
    }
    if (!status) return 0;
    if (status != MN_CANCELLED || error->message[0]) {
        error->status = status;
        mn_print_error(error);
    }
    if (status == MN_USAGE && command)
        fprintf(stderr, "'minnow help %s' tells how to use it.\n", command->name);
    return mn_status_exit_code(status);
}

static mn_status run_command(const mn_command *command, char **words, size_t n_words,
                             bool *misread, mn_error *error)
{
    mn_call call;
    mn_settings *settings = NULL;
    mn_options *options = NULL;
    /* The flags are checked first, so that `--help` works with a broken settings file. */
    mn_status status = mn_options_open(&options, error);
    if (!status) status = mn_call_parse(&call, command, options, words, n_words, error);
    *misread = status == MN_USAGE;
    if (!status && call.help) mn_help_command(command);
    if (!status && !call.help) {
        if (command->scopes) status = mn_settings_open(&settings, error);
        if (settings) status = mn_settings_fill(settings, options, error);
        if (!status) status = command->run(&call, error);
    }
    mn_settings_close(settings);
    mn_options_close(options);
    return status;
}

/* Words before any command. */
static mn_status run_bare(char **words, size_t n_words, mn_error *error)
{
    bool all = n_words > 1 && !strcmp(words[1], "--all");
    if (!n_words) mn_help_welcome();
    else if (!strcmp(words[0], "--help") || !strcmp(words[0], "-h"))
        all ? mn_help_all() : mn_help_short();
    else if (!strcmp(words[0], "--version") || !strcmp(words[0], "-V"))
        mn_out("minnow %s\n", MN_VERSION);
    else if (words[0][0] == '-') {
        return mn_fail(error, MN_USAGE,
                       "the command comes first, then its flags: minnow COMMAND %s", words[0]);
    } else return mn_help_fail_unknown(words[0], error);
    return MN_OK;
}

int main(int n_arguments, char **arguments)
{
    mn_error error = { 0 };
    bool misread = false;
    open_standard_streams();
    mn_interrupt_listen();
    size_t n_words = n_arguments > 0 ? (size_t)n_arguments - 1 : 0;
    char **words = arguments + 1;
    const mn_command *command = n_words ? mn_command_find(words[0]) : NULL;
    mn_status status = command ? run_command(command, words + 1, n_words - 1, &misread, &error)
                               : run_bare(words, n_words, &error);
    return finish(misread ? command : NULL, status, &error);
}
