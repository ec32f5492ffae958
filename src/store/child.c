/* SPDX-License-Identifier: Apache-2.0 */
/* child.c - runs another program and listens to it. */
#include "store/child.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_LIMIT 65536
#define NOT_STARTED 127

typedef struct child {
    const mn_child_plan *plan;
    pid_t pid;
    int pipes[2][2]; /* output and error output: read end, write end; -1 when closed */
    mn_text *said;
    mn_error *error;
} child;

static void close_end(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

/* In the new process; only what is safe after a fork. */
static void become(const child *c, pid_t parent)
{
    int nothing = open("/dev/null", O_RDONLY);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* it must not go on when we are killed */
    if (getppid() != parent) _exit(1);
    if (nothing >= 0) dup2(nothing, STDIN_FILENO);
    dup2(c->pipes[0][1], STDOUT_FILENO);
    dup2(c->pipes[1][1], STDERR_FILENO);
    if (chdir(c->plan->folder)) _exit(NOT_STARTED);
    execvp(c->plan->words[0], (char *const *)c->plan->words);
    _exit(NOT_STARTED);
}

static mn_status start(child *c)
{
    pid_t parent = getpid();
    if (pipe2(c->pipes[0], O_CLOEXEC))
        return mn_fail(c->error, MN_FAILED, "no pipe: %s", strerror(errno));
    if (pipe2(c->pipes[1], O_CLOEXEC))
        return mn_fail(c->error, MN_FAILED, "no pipe: %s", strerror(errno));
    setenv("TMPDIR", c->plan->folder, 1);
    c->pid = fork();
    if (c->pid < 0)
        return mn_fail(c->error, MN_FAILED, "%s: cannot start: %s", c->plan->words[0],
                       strerror(errno));
    if (!c->pid) become(c, parent);
    close_end(&c->pipes[0][1]);
    close_end(&c->pipes[1][1]);
    return MN_OK;
}

/* Keeps the end of what is said: errors come last. */
static void keep(mn_text *said, const char *bytes, size_t size)
{
    if (said->length > SAID_LIMIT) {
        memmove(said->data, said->data + said->length - SAID_LIMIT / 2, SAID_LIMIT / 2);
        said->length = SAID_LIMIT / 2;
    }
    mn_text_append(said, bytes, size);
}

static mn_status take(child *c, unsigned which)
{
    char buffer[65536];
    ssize_t n = read(c->pipes[which][0], buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) return MN_OK;
    if (n <= 0) close_end(&c->pipes[which][0]);
    else if (!which && c->plan->output)
        return c->plan->output(c->plan->user, buffer, (size_t)n, c->error);
    else keep(c->said, buffer, (size_t)n);
    return MN_OK;
}

static mn_status listen_to(child *c)
{
    mn_status status = MN_OK;
    while (!status && (c->pipes[0][0] >= 0 || c->pipes[1][0] >= 0)) {
        struct pollfd ends[2] = { { c->pipes[0][0], POLLIN, 0 }, { c->pipes[1][0], POLLIN, 0 } };
        int n = poll(ends, 2, 100);
        if (n < 0 && errno != EINTR)
            return mn_fail(c->error, MN_FAILED, "cannot wait for %s: %s", c->plan->words[0],
                           strerror(errno));
        for (unsigned i = 0; n > 0 && i < 2 && !status; i++)
            if (ends[i].revents) status = take(c, i);
        if (!status && c->plan->tick) status = c->plan->tick(c->plan->user, c->error);
    }
    return status;
}

mn_status mn_child_run(const mn_child_plan *plan, mn_text *said, bool *started, mn_error *error)
{
    child c = { .plan = plan, .pid = -1, .pipes = { { -1, -1 }, { -1, -1 } }, .said = said,
                .error = error };
    int code = 0;
    mn_status status = start(&c);
    if (!status) status = listen_to(&c);
    if (c.pid > 0 && status) kill(c.pid, SIGTERM);
    for (unsigned i = 0; i < 2; i++) close_end(&c.pipes[i][0]), close_end(&c.pipes[i][1]);
    while (c.pid > 0 && waitpid(c.pid, &code, 0) < 0 && errno == EINTR) continue;
    *started = c.pid > 0 && !(WIFEXITED(code) && WEXITSTATUS(code) == NOT_STARTED);
    if (status) return status;
    if (!*started) return mn_fail(error, MN_FAILED, "%s: cannot be started", plan->words[0]);
    if (code) return mn_fail(error, MN_FAILED, "%s ended with an error", plan->words[0]);
    return MN_OK;
}
