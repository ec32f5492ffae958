/* SPDX-License-Identifier: Apache-2.0 */
/* format_fixture.h - the fixtures of the number formats, and memory that ends at a guard page.
 *
 * tools/make_format_fixtures.py describes the files. */
#ifndef MN_TESTS_FORMAT_FIXTURE_H
#define MN_TESTS_FORMAT_FIXTURE_H

#include "test.h"

#include "tensor/format.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct guarded {
    uint8_t *bytes; /* [size], the byte after the last (or before the first) cannot be touched */
    void *pages;
    size_t pages_size;
} guarded;

/* `at_end`: the buffer ends at a guard page; else it begins right after one. */
static inline guarded guarded_open(size_t size, bool at_end)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), inner = (size + page - 1) / page * page;
    guarded g = { .pages_size = inner + 2 * page };
    uint8_t *pages = mmap(NULL, g.pages_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + page, inner, PROT_READ | PROT_WRITE), 0);
    g.pages = pages;
    g.bytes = pages + page + (at_end ? inner - size : 0);
    memset(pages + page, 0xa5, inner);
    return g;
}

static inline void guarded_close(guarded *g)
{
    munmap(g->pages, g->pages_size);
}

static inline uint8_t *read_fixture(const char *name, size_t *size)
{
    char path[128];
    snprintf(path, sizeof path, "tests/data/formats/%s.bin", name);
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s cannot be opened; run from the repository root", path);
    const size_t limit = 1 << 20;
    uint8_t *bytes = malloc(limit);
    *size = fread(bytes, 1, limit, file);
    fclose(file);
    return bytes;
}

typedef struct fixture {
    uint8_t *file;
    size_t n;              /* weights in `blocks` */
    const uint8_t *blocks; /* the parts lie in the file in this order */
    const float *decoded;  /* [n], perhaps unaligned: copy */
    const uint8_t *encoded;
    uint32_t encoded_bytes, n_errors;
    const uint8_t *errors; /* doubles */
} fixture;

static inline fixture fixture_open(const mn_format *format)
{
    size_t size;
    fixture f = { .file = read_fixture(format->name, &size) };
    uint32_t head[5];
    memcpy(head, f.file, sizeof head);
    assert_memory_equal(head, "MNF1", 4);
    assert_int_equal(head[1], format->type);
    f.n = (size_t)head[2] * format->block;
    f.blocks = f.file + sizeof head;
    float *decoded = malloc(f.n * sizeof *decoded);
    const uint8_t *rest = f.blocks + (size_t)head[2] * format->block_bytes;
    memcpy(decoded, rest, f.n * sizeof *decoded);
    f.decoded = decoded;
    f.encoded = rest + f.n * sizeof *decoded;
    f.encoded_bytes = head[3];
    f.errors = f.encoded + head[3];
    f.n_errors = head[4];
    assert_ptr_equal(f.errors + f.n_errors * sizeof(double), f.file + size);
    return f;
}

static inline void fixture_close(fixture *f)
{
    free((void *)(uintptr_t)f->decoded);
    free(f->file);
}

/* input.bin, a whole number of blocks of 256. */
static inline float *read_input(size_t *n)
{
    size_t size;
    float *input = (float *)(void *)read_fixture("input", &size);
    *n = size / sizeof *input;
    assert_true(*n >= 256 && *n % 256 == 0);
    return input;
}

#endif
