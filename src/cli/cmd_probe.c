/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_probe.c - `minnow probe`: what this machine is. */
#include "cli/commands.h"

#include "cli/json.h"
#include "cli/output.h"
#include "device/probe.h"

#include <math.h>

static const uint64_t sizes[] = { 1u << 20, 8u << 20, 100u << 20, 400u << 20 };
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

typedef struct speeds {
    double one[N_SIZES], all[N_SIZES]; /* bytes a second; NAN: not measured */
} speeds;

/* Buffers that would take more than a quarter of the free memory are left out. */
static mn_status measure(speeds *s, const mn_device *d, mn_error *error)
{
    mn_status status = MN_OK;
    uint64_t available = d->memory_limit_bytes && d->memory_limit_bytes < d->memory_available_bytes
                             ? d->memory_limit_bytes
                             : d->memory_available_bytes;
    for (size_t i = 0; i < N_SIZES && !status; i++) {
        s->one[i] = s->all[i] = NAN;
        if (sizes[i] > available / 4) continue;
        status = mn_device_read_bandwidth(&s->one[i], sizes[i], 1, error);
        if (!status)
            status = mn_device_read_bandwidth(&s->all[i], sizes[i], d->n_cores_usable, error);
    }
    return status;
}

static void add_u64_or_null(mn_json *out, const char *key, uint64_t value)
{
    if (value)
        mn_json_u64(out, key, value);
    else
        mn_json_null(out, key);
}

static mn_status print_json(const mn_device *d, const speeds *s, mn_error *error)
{
    mn_json out = { 0 };
    mn_json_open(&out, NULL, '{');
    mn_json_string(&out, "cpu", d->cpu_name[0] ? d->cpu_name : NULL);
    mn_json_string(&out, "level", mn_cpu_best_level(d->cpu));
    mn_json_u64(&out, "cores", d->n_cores);
    mn_json_u64(&out, "cores_usable", d->n_cores_usable);
    mn_json_u64(&out, "page_bytes", d->page_bytes);
    add_u64_or_null(&out, "memory_bytes", d->memory_bytes);
    add_u64_or_null(&out, "memory_available_bytes", d->memory_available_bytes);
    add_u64_or_null(&out, "memory_limit_bytes", d->memory_limit_bytes);
    add_u64_or_null(&out, "cache_l1_bytes", d->cache_bytes[1]);
    add_u64_or_null(&out, "cache_l2_bytes", d->cache_bytes[2]);
    add_u64_or_null(&out, "cache_l3_bytes", d->cache_bytes[3]);
    mn_json_open(&out, "read_bandwidth", '[');
    for (size_t i = 0; i < N_SIZES; i++) {
        mn_json_open(&out, NULL, '{');
        mn_json_u64(&out, "buffer_bytes", sizes[i]);
        mn_json_real(&out, "one_thread_gbps", s->one[i] * 1e-9);
        mn_json_real(&out, "all_threads_gbps", s->all[i] * 1e-9);
        mn_json_close(&out, '}');
    }
    mn_json_close(&out, ']');
    mn_json_close(&out, '}');
    return mn_json_print(&out, error);
}

static void print_text(const mn_device *d, const speeds *s)
{
    mn_out("cpu      %s\n", d->cpu_name[0] ? d->cpu_name : "(the system does not tell)");
    mn_out("level    %s, %u of %u cores usable, pages of %llu bytes\n", mn_cpu_best_level(d->cpu),
           d->n_cores_usable, d->n_cores, (unsigned long long)d->page_bytes);
    mn_out("memory   %s, %s free", mn_size_show(d->memory_bytes).text,
           mn_size_show(d->memory_available_bytes).text);
    if (d->memory_limit_bytes)
        mn_out(", limited to %s by the control group", mn_size_show(d->memory_limit_bytes).text);
    mn_out("\nreading  ");
    for (size_t i = 0; i < N_SIZES; i++)
        if (isfinite(s->all[i]))
            mn_out("%s%s: %.1f GB/s (one thread %.1f)", i ? ", " : "", mn_size_show(sizes[i]).text,
                   s->all[i] * 1e-9, s->one[i] * 1e-9);
    mn_out("\n");
}

static mn_status run(mn_call *call, mn_error *error)
{
    mn_device device;
    speeds s;
    mn_device_probe(&device);
    mn_status status = measure(&s, &device, error);
    if (!status && mn_call_has(call, "json")) return print_json(&device, &s, error);
    if (!status) print_text(&device, &s);
    return status;
}

static const mn_flag flags[] = {
    { "json", 0, MN_FLAG_SWITCH, NULL, "print JSON", 0, 0 },
    { 0 },
};

const mn_command mn_cmd_probe = {
    .name = "probe",
    .group = "device",
    .arguments = "",
    .help = "tell what this machine is and how fast it reads memory",
    .text =
        "Cores, instruction sets, memory and its limits, and the bandwidth of reading buffers of\n"
        "several sizes with one thread and with all. Decoding cannot be faster than this\n"
        "bandwidth divided by the bytes that a token reads (see minnow bench).",
    .examples = "minnow probe\nminnow probe --json > board.json",
    .flags = flags,
    .top = true,
    .run = run,
};
