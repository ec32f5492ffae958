/* SPDX-License-Identifier: Apache-2.0 */
/* line.c - lines typed by a person: edited and remembered when libedit is there. */
#include "cli/line.h"

#include "base/error.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "cli/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef MN_WITH_LIBEDIT
#include <histedit.h>

#define HISTORY_LENGTH 1000

struct mn_lines {
    EditLine *editor;
    History *history;
    const char *prompt;
    char *history_path;
    bool interrupted; /* Ctrl-C was typed */
};

static char *get_prompt(EditLine *editor)
{
    mn_lines *lines;
    el_get(editor, EL_CLIENTDATA, &lines);
    return (char *)lines->prompt;
}

/* One byte of the keyboard; false at its end or when a signal came. */
static bool read_byte(char *byte)
{
    ssize_t n;
    do n = mn_io_get()->read(STDIN_FILENO, byte, 1);
    while (n < 0 && errno == EINTR && !mn_interrupted());
    return n == 1;
}

/* The next character. Ctrl-C ends the line, which is then thrown away. */
static int read_key(EditLine *editor, wchar_t *key)
{
    mn_lines *lines;
    char bytes[4];
    size_t n = 1, length;
    el_get(editor, EL_CLIENTDATA, &lines);
    if (!read_byte(bytes)) {
        lines->interrupted = mn_interrupted();
        *key = L'\n';
        return lines->interrupted ? 1 : 0;
    }
    lines->interrupted = bytes[0] == 3;
    while (n < 4 && mn_utf8_incomplete_tail(bytes, n) && read_byte(bytes + n)) n++;
    *key = lines->interrupted ? L'\n' : (wchar_t)mn_utf8_decode(bytes, n, &length);
    return 1;
}

static void open_history(mn_lines *lines)
{
    HistEvent event;
    lines->history = history_init();
    if (!lines->history) return;
    history(lines->history, &event, H_SETSIZE, HISTORY_LENGTH);
    history(lines->history, &event, H_SETUNIQUE, 1);
    el_set(lines->editor, EL_HIST, history, lines->history);
    if (lines->history_path) history(lines->history, &event, H_LOAD, lines->history_path);
}

/* Letters beyond ASCII need a UTF-8 locale; without one the C locale's UTF-8 twin does. */
static void choose_locale(void)
{
    if (setlocale(LC_CTYPE, "") && !strcmp(nl_langinfo(CODESET), "UTF-8")) return;
    setlocale(LC_CTYPE, "C.UTF-8");
}

mn_status mn_lines_open(mn_lines **out, const char *history_path, mn_error *error)
{
    mn_lines *lines = *out = mn_alloc_array(1, sizeof *lines);
    if (!lines) return mn_fail_memory(error, sizeof *lines, "the line editor");
    choose_locale();
    lines->history_path = history_path ? mn_strdup(history_path) : NULL;
    lines->editor = el_init("minnow", stdin, stderr, stderr);
    if (!lines->editor) {
        mn_lines_close(lines);
        *out = NULL;
        return mn_fail(error, MN_FAILED, "the line editor cannot be opened on this terminal");
    }
    el_set(lines->editor, EL_CLIENTDATA, lines);
    el_set(lines->editor, EL_PROMPT, get_prompt);
    el_set(lines->editor, EL_EDITOR, "emacs");
    el_set(lines->editor, EL_SIGNAL, 0);
    /* Ctrl-C comes as a key, so that it cannot be lost between two reads. */
    el_set(lines->editor, EL_SETTY, "-d", "-isig", NULL);
    el_set(lines->editor, EL_GETCFN, read_key);
    open_history(lines);
    return MN_OK;
}

/* Only the owner may read what was typed. */
static void save_history(mn_lines *lines)
{
    HistEvent event;
    int fd = open(lines->history_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return;
    if (!fchmod(fd, 0600)) history(lines->history, &event, H_SAVE, lines->history_path);
    close(fd);
}

void mn_lines_close(mn_lines *lines)
{
    if (!lines) return;
    if (lines->history && lines->history_path) save_history(lines);
    if (lines->history) history_end(lines->history);
    if (lines->editor) el_end(lines->editor);
    mn_free(lines->history_path);
    mn_free(lines);
}

mn_line_end mn_lines_read(mn_lines *lines, const char *prompt, mn_text *out)
{
    int length = 0;
    lines->prompt = prompt;
    lines->interrupted = false;
    mn_text_clear(out);
    mn_text_add(out, "");
    const char *line = el_gets(lines->editor, &length);
    if (lines->interrupted) {
        mn_interrupt_clear();
        return MN_LINE_INTERRUPT;
    }
    if (!line || length <= 0) return MN_LINE_LEAVE;
    if (line[length - 1] == '\n') length--;
    mn_text_append(out, line, (size_t)length);
    return MN_LINE_READ;
}

void mn_lines_remember(mn_lines *lines, const char *text)
{
    HistEvent event;
    if (lines->history && *text) history(lines->history, &event, H_ENTER, text);
}

#else

struct mn_lines {
    char *buffer; /* of getline */
    size_t size;
};

mn_status mn_lines_open(mn_lines **out, const char *history_path, mn_error *error)
{
    (void)history_path;
    *out = mn_alloc_array(1, sizeof **out);
    return *out ? MN_OK : mn_fail_memory(error, sizeof **out, "lines");
}

void mn_lines_close(mn_lines *lines)
{
    if (lines) free(lines->buffer);
    mn_free(lines);
}

mn_line_end mn_lines_read(mn_lines *lines, const char *prompt, mn_text *out)
{
    fputs(prompt, stderr);
    fflush(stderr);
    mn_text_clear(out);
    mn_text_add(out, "");
    ssize_t length = getline(&lines->buffer, &lines->size, stdin);
    if (mn_interrupted()) {
        mn_interrupt_clear();
        clearerr(stdin);
        fputc('\n', stderr);
        return MN_LINE_INTERRUPT;
    }
    if (length <= 0) return MN_LINE_LEAVE;
    if (lines->buffer[length - 1] == '\n') length--;
    mn_text_append(out, lines->buffer, (size_t)length);
    return MN_LINE_READ;
}

void mn_lines_remember(mn_lines *lines, const char *text)
{
    (void)lines;
    (void)text;
}

#endif
