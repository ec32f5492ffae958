/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - a session in a file: header, tokens, roles, used pages, checksum.
 *
 * Little-endian, as in memory on every machine that minnow runs on. A file is taken only if the
 * model, the key/value type and the checksum agree. */
#include "run/engine.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/memory.h"

#include <string.h>

typedef struct header {
    char magic[8];
    uint32_t version;
    uint32_t kv_type;
    uint64_t model_hash;
    uint32_t n_tokens, n_computed;
    uint64_t page_bytes;
} header;

static const char magic[8] = "mnstate";

static uint32_t n_pages_used(uint32_t n_computed)
{
    return (n_computed + MN_KV_BLOCK - 1) / MN_KV_BLOCK;
}

static mn_status put(mn_output *file, uint64_t *hash, const void *bytes, size_t size,
                     mn_error *error)
{
    *hash = mn_hash(*hash, bytes, size);
    return mn_output_write(file, bytes, size, error);
}

mn_status mn_session_save(const mn_session *s, const char *path, mn_error *error)
{
    const mn_pages *p = &s->engine->pages;
    mn_output *file = NULL;
    uint64_t hash = MN_HASH_START;
    header h = { .version = 1,
                 .kv_type = p->type,
                 .model_hash = s->engine->model->hash,
                 .n_tokens = s->n_tokens,
                 .n_computed = s->n_computed,
                 .page_bytes = p->page_bytes };
    memcpy(h.magic, magic, sizeof magic);
    mn_status status = mn_output_open(&file, path, true, error);
    if (!status) status = put(file, &hash, &h, sizeof h, error);
    if (!status) status = put(file, &hash, s->tokens, s->n_tokens * sizeof *s->tokens, error);
    if (!status) status = put(file, &hash, s->roles, s->n_tokens, error);
    for (uint32_t i = 0; !status && i < n_pages_used(s->n_computed); i++)
        status = put(file, &hash, s->sequence.pages[i], p->page_bytes, error);
    if (!status) status = mn_output_write(file, &hash, sizeof hash, error);
    if (!status) status = mn_output_commit(file, error);
    mn_output_close(file);
    return status;
}

/* Everything is checked before the session changes. */
static mn_status check(const mn_session *s, const mn_map *map, header *h, const char *path,
                       mn_error *error)
{
    const mn_engine *e = s->engine;
    uint64_t stored;
    if (map->size < sizeof *h + sizeof stored)
        return mn_fail(error, MN_BAD_FILE, "%s: too short for a saved session", path);
    memcpy(h, map->data, sizeof *h);
    memcpy(&stored, map->data + map->size - sizeof stored, sizeof stored);
    if (memcmp(h->magic, magic, sizeof magic))
        return mn_fail(error, MN_BAD_FILE, "%s: not a saved session", path);
    if (mn_hash(MN_HASH_START, map->data, (size_t)(map->size - sizeof stored)) != stored)
        return mn_fail(error, MN_BAD_FILE, "%s: damaged (the checksum does not agree)", path);
    if (h->version != 1)
        return mn_fail(error, MN_BAD_FILE, "%s: version %u, expected 1", path, h->version);
    if (h->model_hash != e->model->hash)
        return mn_fail(error, MN_BAD_FILE, "%s: saved with another model", path);
    if (h->kv_type != (uint32_t)e->pages.type || h->page_bytes != e->pages.page_bytes)
        return mn_fail(error, MN_BAD_FILE, "%s: saved with another kv-type", path);
    if (h->n_tokens > e->n_context)
        return mn_fail(error, MN_NO_FIT, "%s: holds %u tokens, the context only %u; raise 'ctx'",
                       path, h->n_tokens, e->n_context);
    uint64_t expected = sizeof *h + (uint64_t)h->n_tokens * 5
                        + n_pages_used(h->n_computed) * h->page_bytes + sizeof stored;
    if (h->n_computed > h->n_tokens || map->size != expected)
        return mn_fail(error, MN_BAD_FILE, "%s: %llu bytes, expected %llu", path,
                       (unsigned long long)map->size, (unsigned long long)expected);
    for (uint32_t i = 0; i < h->n_tokens; i++) {
        int32_t id;
        memcpy(&id, map->data + sizeof *h + (size_t)i * 4, 4);
        if (id < 0 || (uint32_t)id >= e->model->config.n_vocab
            || map->data[sizeof *h + (size_t)h->n_tokens * 4 + i] > MN_DECODE)
            return mn_fail(error, MN_BAD_FILE, "%s: token %u is out of range", path, i);
    }
    return MN_OK;
}

mn_status mn_session_restore(mn_session *s, const char *path, mn_error *error)
{
    mn_map map = { 0 };
    header h;
    if (s->answering)
        return mn_fail(error, MN_USAGE, "the session is answering; cancel or finish that first");
    mn_status status = mn_map_open(&map, path, error);
    if (!status) status = check(s, &map, &h, path, error);
    if (!status) status = mn_session_truncate(s, 0, error);
    if (!status) status = mn_session_reserve(s, h.n_computed, error);
    if (!status) {
        const uint8_t *at = map.data + sizeof h;
        memcpy(s->tokens, at, h.n_tokens * sizeof *s->tokens);
        memcpy(s->roles, at + (size_t)h.n_tokens * 4, h.n_tokens);
        at += (size_t)h.n_tokens * 5;
        for (uint32_t i = 0; i < n_pages_used(h.n_computed); i++)
            memcpy(s->sequence.pages[i], at + i * h.page_bytes, (size_t)h.page_bytes);
        s->n_tokens = h.n_tokens;
        s->n_computed = h.n_computed;
    }
    mn_map_close(&map);
    return status;
}
