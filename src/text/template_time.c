/* SPDX-License-Identifier: Apache-2.0 */
/* template_time.c - strftime_now: the time of the rendering, in English whatever the locale is. */
#include "text/template_run.h"

#include <stdio.h>
#include <string.h>

static const char *const days[] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                    "Thursday", "Friday", "Saturday" };
static const char *const months[] = { "January",   "February", "March",    "April",
                                      "May",       "June",     "July",     "August",
                                      "September", "October",  "November", "December" };

static int within(int value, int n) { return value >= 0 && value < n ? value : 0; }

static int weeks(int day_of_year, int weekday_from_start)
{
    return (day_of_year + 7 - weekday_from_start) / 7;
}

static bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

/* The week of ISO 8601, which belongs to the year that has its Thursday. */
static void iso_week(const struct tm *t, int *year, int *week)
{
    int weekday = (t->tm_wday + 6) % 7;
    *year = t->tm_year + 1900;
    *week = (t->tm_yday - weekday + 10) / 7;
    if (*week < 1) {
        --*year;
        int last_day = t->tm_yday + (is_leap(*year) ? 366 : 365);
        *week = (last_day - weekday + 10) / 7;
    } else if (*week == 53 && t->tm_yday - weekday + 3 >= (is_leap(*year) ? 366 : 365)) {
        ++*year;
        *week = 1;
    }
}

/* The plain text of one code with letters or digits; false if the code stands for others. */
static bool code_text(char out[64], char code, const struct tm *t)
{
    int hour = within(t->tm_hour, 24), year = t->tm_year + 1900, week_year, week;
    const char *day = days[within(t->tm_wday, 7)], *month = months[within(t->tm_mon, 12)];
    iso_week(t, &week_year, &week);
    switch (code) {
    case 'a':
        snprintf(out, 64, "%.3s", day);
        return true;
    case 'A':
        snprintf(out, 64, "%s", day);
        return true;
    case 'b':
    case 'h':
        snprintf(out, 64, "%.3s", month);
        return true;
    case 'B':
        snprintf(out, 64, "%s", month);
        return true;
    case 'C':
        snprintf(out, 64, "%02d", year / 100);
        return true;
    case 'd':
        snprintf(out, 64, "%02d", t->tm_mday);
        return true;
    case 'e':
        snprintf(out, 64, "%2d", t->tm_mday);
        return true;
    case 'f':
        snprintf(out, 64, "000000");
        return true;
    case 'g':
        snprintf(out, 64, "%02d", week_year % 100);
        return true;
    case 'G':
        snprintf(out, 64, "%04d", week_year);
        return true;
    case 'H':
        snprintf(out, 64, "%02d", hour);
        return true;
    case 'I':
        snprintf(out, 64, "%02d", hour % 12 ? hour % 12 : 12);
        return true;
    case 'j':
        snprintf(out, 64, "%03d", t->tm_yday + 1);
        return true;
    case 'k':
        snprintf(out, 64, "%2d", hour);
        return true;
    case 'l':
        snprintf(out, 64, "%2d", hour % 12 ? hour % 12 : 12);
        return true;
    case 'm':
        snprintf(out, 64, "%02d", t->tm_mon + 1);
        return true;
    case 'M':
        snprintf(out, 64, "%02d", t->tm_min);
        return true;
    case 'p':
        snprintf(out, 64, "%s", hour < 12 ? "AM" : "PM");
        return true;
    case 'P':
        snprintf(out, 64, "%s", hour < 12 ? "am" : "pm");
        return true;
    case 'S':
        snprintf(out, 64, "%02d", t->tm_sec);
        return true;
    case 's': {
        struct tm copy = *t;
        copy.tm_isdst = -1;
        snprintf(out, 64, "%lld", (long long)mktime(&copy));
        return true;
    }
    case 'u':
        snprintf(out, 64, "%d", t->tm_wday ? t->tm_wday : 7);
        return true;
    case 'U':
        snprintf(out, 64, "%02d", weeks(t->tm_yday, t->tm_wday));
        return true;
    case 'V':
        snprintf(out, 64, "%02d", week);
        return true;
    case 'w':
        snprintf(out, 64, "%d", t->tm_wday);
        return true;
    case 'W':
        snprintf(out, 64, "%02d", weeks(t->tm_yday, (t->tm_wday + 6) % 7));
        return true;
    case 'y':
        snprintf(out, 64, "%02d", year % 100);
        return true;
    case 'Y':
        snprintf(out, 64, "%d", year);
        return true;
    /* the time of a rendering has no zone */
    case 'z':
    case 'Z':
        out[0] = '\0';
        return true;
    case 'n':
        snprintf(out, 64, "\n");
        return true;
    case 't':
        snprintf(out, 64, "\t");
        return true;
    case '%':
        snprintf(out, 64, "%%");
        return true;
    default:
        return false;
    }
}

/* Codes that stand for several others. */
static const char *code_format(char code)
{
    switch (code) {
    case 'c':
        return "%a %b %e %H:%M:%S %Y";
    case 'D':
    case 'x':
        return "%m/%d/%y";
    case 'F':
        return "%Y-%m-%d";
    case 'r':
        return "%I:%M:%S %p";
    case 'R':
        return "%H:%M";
    case 'T':
    case 'X':
        return "%H:%M:%S";
    default:
        return NULL;
    }
}

/* "07" as "7" or " 7", "Sun" as "SUN". */
static void apply_flag(char text[64], char flag)
{
    size_t zeros = 0, length = strlen(text);
    while (text[zeros] == '0' && text[zeros + 1]) zeros++;
    if (flag == '-') {
        while (text[zeros] == ' ' && text[zeros + 1]) zeros++;
        memmove(text, text + zeros, length - zeros + 1);
    }
    if (flag == '_') memset(text, ' ', zeros);
    for (size_t i = 0; flag == '0' && text[i] == ' '; i++) text[i] = '0';
    for (size_t i = 0; (flag == '^' || flag == '#') && text[i]; i++)
        if (text[i] >= 'a' && text[i] <= 'z') text[i] -= 32;
}

static void add_code(mn_jinja_builder *b, char code, char flag, const struct tm *t, unsigned origin)
{
    char text[64];
    if (code_text(text, code, t)) {
        apply_flag(text, flag);
        mn_jinja_add_text(b, text, origin);
        return;
    }
    const char *format = code_format(code);
    for (; format && *format; format++) {
        if (*format != '%')
            mn_jinja_add_bytes(b, format, 1, origin);
        else if (code_text(text, *++format, t))
            mn_jinja_add_text(b, text, origin);
    }
}

mn_jinja_string *mn_jinja_strftime(mn_jinja_run *run, const mn_jinja_string *format)
{
    mn_jinja_builder b = { .run = run };
    struct tm epoch = { .tm_mday = 1, .tm_year = 70, .tm_wday = 4 };
    const struct tm *t = run->now ? run->now : &epoch;
    for (size_t i = 0; i < format->length && mn_jinja_charge(run, 1); i++) {
        size_t start = i;
        if (format->data[i] != '%' || i + 1 == format->length) {
            mn_jinja_add_part(&b, format, i, i + 1);
            continue;
        }
        char flag =
            strchr("-_0^#", format->data[i + 1]) && format->data[i + 1] && i + 2 < format->length
                ? format->data[++i]
                : '\0';
        char code = format->data[++i], text[64];
        if (code_text(text, code, t) || code_format(code))
            add_code(&b, code, flag, t, mn_jinja_string_origin(format, start));
        else
            mn_jinja_add_part(&b, format, start, i + 1); /* an unknown code stays as it is */
    }
    return mn_jinja_built(&b);
}
