/* SPDX-License-Identifier: Apache-2.0 */
/* output.c - results on the standard output, words on the error output. */
#include "cli/output.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_COLUMNS 16

static bool reader_gone;      /* the pipe was closed: stop quietly */
static int write_error;       /* errno of the first write that failed for another reason */

bool mn_out_is_terminal(void) { return isatty(STDOUT_FILENO); }
bool mn_err_is_terminal(void) { return isatty(STDERR_FILENO); }
bool mn_in_is_terminal(void) { return isatty(STDIN_FILENO); }

static bool shows_colours(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if (no_color && *no_color) return false;
    return isatty(fileno(stream)) && term && *term && strcmp(term, "dumb");
}

const char *mn_bold(FILE *stream) { return shows_colours(stream) ? "\033[1m" : ""; }
const char *mn_faint(FILE *stream) { return shows_colours(stream) ? "\033[2m" : ""; }
const char *mn_plain(FILE *stream) { return shows_colours(stream) ? "\033[0m" : ""; }

unsigned mn_terminal_columns(void)
{
    struct winsize size;
    if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col) return size.ws_col;
    return 80;
}

/* --- the standard output --------------------------------------------------------------------- */

static void notice_failure(void)
{
    if (errno == EPIPE) reader_gone = true;
    else if (!write_error) write_error = errno ? errno : EIO;
}

void mn_out_bytes(const char *bytes, size_t length)
{
    if (reader_gone || write_error || !length) return;
    if (fwrite(bytes, 1, length, stdout) != length) notice_failure();
}

void mn_out(const char *format, ...)
{
    va_list arguments;
    if (reader_gone || write_error) return;
    va_start(arguments, format);
    if (vprintf(format, arguments) < 0) notice_failure();
    va_end(arguments);
}

bool mn_out_flush(void)
{
    if (!reader_gone && !write_error && fflush(stdout)) notice_failure();
    return !reader_gone && !write_error;
}

mn_status mn_out_end(mn_error *error)
{
    mn_out_flush();
    if (!write_error) return MN_OK;
    return mn_fail(error, MN_IO, "cannot write the standard output: %s", strerror(write_error));
}

/* The length of the harmless sequence at `bytes`; 0: escape one byte. C1 controls count as
 * harmful. */
static size_t harmless_length(const char *bytes, size_t available)
{
    unsigned char byte = (unsigned char)bytes[0];
    size_t n = mn_utf8_length(bytes, available);
    if (n == 1) return byte >= 0x20 && byte != 0x7F;
    return n == 2 && byte == 0xC2 && (unsigned char)bytes[1] < 0xA0 ? 0 : n;
}

void mn_text_add_escaped(mn_text *text, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t n = harmless_length(bytes + i, length - i);
        if (n) mn_text_append(text, bytes + i, n);
        else if (bytes[i] == '\n') mn_text_add(text, "\\n");
        else if (bytes[i] == '\t') mn_text_add(text, "\\t");
        else if (bytes[i] == '\r') mn_text_add(text, "\\r");
        else mn_text_format(text, "\\x%02X", (unsigned char)bytes[i]);
        i += n ? n : 1;
    }
}

void mn_out_foreign(const char *bytes, size_t length)
{
    if (!mn_out_is_terminal()) {
        mn_out_bytes(bytes, length);
        return;
    }
    for (size_t i = 0; i < length;) {
        bool layout = bytes[i] == '\n' || bytes[i] == '\t';
        size_t n = layout ? 1 : harmless_length(bytes + i, length - i);
        if (n) mn_out_bytes(bytes + i, n);
        else mn_out("\\x%02X", (unsigned char)bytes[i]);
        i += n ? n : 1;
    }
}

/* --- the error output ------------------------------------------------------------------------ */

void mn_note(const mn_call *call, const char *format, ...)
{
    va_list arguments;
    if (call && call->quiet) return;
    fflush(stdout); /* so that both streams on one terminal come in order */
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
}

void mn_print_error(const mn_error *error)
{
    fflush(stdout);
    fprintf(stderr, "%sminnow:%s %s\n", mn_bold(stderr), mn_plain(stderr),
            error->message[0] ? error->message : mn_status_name(error->status));
}

/* --- numbers and tables ---------------------------------------------------------------------- */

mn_size_text mn_size_show(uint64_t size_bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
    mn_size_text out;
    double value = (double)size_bytes;
    size_t unit = 0;
    while (value >= 999.5 && unit < 6) value /= 1000, unit++;
    snprintf(out.text, sizeof out.text, value < 99.95 && unit ? "%.1f %s" : "%.0f %s", value,
             units[unit]);
    return out;
}

mn_size_text mn_count_show(uint64_t count)
{
    static const char *const units[] = { "", "K", "M", "B", "T", "P", "E" };
    mn_size_text out;
    double value = (double)count;
    size_t unit = 0;
    while (value >= 999.5 && unit < 6) value /= 1000, unit++;
    snprintf(out.text, sizeof out.text, value < 99.95 && unit ? "%.1f%s" : "%.0f%s", value,
             units[unit]);
    return out;
}

void mn_table_add(mn_table *table, const char *cell)
{
    mn_text_add_escaped(&table->cells, cell, strlen(cell));
    mn_text_add_char(&table->cells, '\0');
    table->n_cells++;
}

static size_t width_of(const char *cell)
{
    size_t width = 0;
    for (; *cell; cell++) width += ((unsigned char)*cell & 0xC0) != 0x80;
    return width;
}

static void add_cell(mn_text *line, const char *cell, size_t width, bool right, bool last)
{
    size_t pad = width - width_of(cell);
    if (right) mn_text_format(line, "%*s", (int)pad, "");
    mn_text_add(line, cell);
    if (!right) mn_text_format(line, "%*s", (int)pad, "");
    if (!last) mn_text_add(line, "  ");
}

/* Without the blanks at its end. */
static void print_line(mn_text *line)
{
    while (line->length && line->data[line->length - 1] == ' ') line->length--;
    if (!line->failed) mn_out_bytes(line->data, line->length);
    mn_out("\n");
    mn_text_clear(line);
}

void mn_table_print(mn_table *table)
{
    size_t widths[MAX_COLUMNS] = { 0 };
    mn_text line = { 0 };
    const char *cell = table->cells.data;
    for (size_t i = 0; cell && !table->cells.failed && i < table->n_cells;
         i++, cell += strlen(cell) + 1)
        if (width_of(cell) > widths[i % table->n_columns])
            widths[i % table->n_columns] = width_of(cell);
    cell = table->cells.data;
    for (size_t i = 0; cell && !table->cells.failed && i < table->n_cells;
         i++, cell += strlen(cell) + 1) {
        size_t column = i % table->n_columns;
        bool last = column + 1 == table->n_columns;
        add_cell(&line, cell, widths[column], table->right[column] == 'r', last);
        if (last) print_line(&line);
    }
    mn_text_free(&line);
    mn_text_free(&table->cells);
}
