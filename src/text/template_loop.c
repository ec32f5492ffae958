/* SPDX-License-Identifier: Apache-2.0 */
/* template_loop.c - the variable `loop`: where a for loop is. */
#include "text/template_run.h"

typedef mn_jinja_value value;

bool mn_jinja_loop_next(mn_jinja_run *run, mn_jinja_loop *loop, mn_jinja_value *item)
{
    if (loop->looked_ahead && loop->at_end) return false;
    if (loop->looked_ahead)
        *item = loop->after;
    else if (!mn_jinja_next(run, loop->iterator, item))
        return false;
    loop->looked_ahead = false;
    loop->index0++;
    loop->before = loop->current;
    loop->current = *item;
    return true;
}

static void look_ahead(mn_jinja_run *run, mn_jinja_loop *loop)
{
    if (loop->looked_ahead) return;
    loop->at_end = !mn_jinja_next(run, loop->iterator, &loop->after);
    loop->looked_ahead = true;
}

int64_t mn_jinja_loop_length(mn_jinja_run *run, mn_jinja_loop *loop)
{
    if (loop->length >= 0) return loop->length;
    if (mn_jinja_has_length(loop->source))
        return loop->length = (int64_t)mn_jinja_length(run, loop->source);
    /* what is left is walked now and kept, to be walked again by the loop */
    mn_jinja_iterator *rest = mn_jinja_take(run, 1, sizeof *rest);
    mn_jinja_list *list = mn_jinja_list_new(run, 0);
    value item;
    while (!run->status && mn_jinja_next(run, loop->iterator, &item))
        mn_jinja_list_append(run, list, item);
    if (run->status || !mn_jinja_iterate(run, rest, mn_jinja_list_value(list))) return 0;
    loop->iterator = rest;
    return loop->length =
               (int64_t)list->n + loop->index0 + 1 + (loop->looked_ahead && !loop->at_end);
}

static value number(int64_t n) { return mn_jinja_int(n, MN_FROM_TEMPLATE); }

static value get_index(mn_jinja_run *run, mn_jinja_loop *loop)
{
    (void)run;
    return number(loop->index0 + 1);
}
static value get_index0(mn_jinja_run *run, mn_jinja_loop *loop)
{
    (void)run;
    return number(loop->index0);
}
static value get_first(mn_jinja_run *run, mn_jinja_loop *loop)
{
    (void)run;
    return mn_jinja_bool(loop->index0 == 0);
}
static value get_depth(mn_jinja_run *run, mn_jinja_loop *loop)
{
    (void)run;
    return number(loop->depth0 + 1);
}
static value get_depth0(mn_jinja_run *run, mn_jinja_loop *loop)
{
    (void)run;
    return number(loop->depth0);
}
static value get_length(mn_jinja_run *run, mn_jinja_loop *loop)
{
    return number(mn_jinja_loop_length(run, loop));
}

static value get_revindex(mn_jinja_run *run, mn_jinja_loop *loop)
{
    return number(mn_jinja_loop_length(run, loop) - loop->index0);
}

static value get_revindex0(mn_jinja_run *run, mn_jinja_loop *loop)
{
    return number(mn_jinja_loop_length(run, loop) - loop->index0 - 1);
}

static value get_last(mn_jinja_run *run, mn_jinja_loop *loop)
{
    look_ahead(run, loop);
    return mn_jinja_bool(loop->at_end);
}

static value get_previous(mn_jinja_run *run, mn_jinja_loop *loop)
{
    return loop->index0 == 0 ? mn_jinja_undefined_hint(run, "there is no previous item")
                             : loop->before;
}

static value get_next(mn_jinja_run *run, mn_jinja_loop *loop)
{
    look_ahead(run, loop);
    return loop->at_end ? mn_jinja_undefined_hint(run, "there is no next item") : loop->after;
}

mn_jinja_value mn_jinja_loop_attribute(mn_jinja_run *run, mn_jinja_loop *loop,
                                       const mn_jinja_string *name)
{
    static const struct {
        const char *name;
        value (*get)(mn_jinja_run *run, mn_jinja_loop *loop);
    } rows[] = {
        { "index", get_index },         { "index0", get_index0 }, { "first", get_first },
        { "last", get_last },           { "length", get_length }, { "revindex", get_revindex },
        { "revindex0", get_revindex0 }, { "depth", get_depth },   { "depth0", get_depth0 },
        { "previtem", get_previous },   { "nextitem", get_next },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (mn_jinja_string_is(name, rows[i].name)) return rows[i].get(run, loop);
    return mn_jinja_missing();
}
