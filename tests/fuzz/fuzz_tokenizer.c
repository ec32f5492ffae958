/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a prompt for a tiny vocabulary of either kind, cut into runs of both origins. What
 * comes back must be the same text where the vocabulary keeps it, and a stream gives whole
 * characters only. */
#include "base/memory.h"
#include "base/utf8.h"
#include "file/gguf.h"
#include "text/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#define FOLDER "tests/data/text/"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const mn_tokenizer *open_once(int which) {
    static mn_tokenizer *tokenizers[2];
    static mn_gguf *files[2];
    if (!tokenizers[which]) {
        const char *path = which ? FOLDER "tiny_spm.gguf" : FOLDER "tiny_bpe.gguf";
        if (mn_gguf_open(&files[which], path, NULL)) abort();
        if (mn_tokenizer_open(&tokenizers[which], files[which], NULL)) abort();
    }
    return tokenizers[which];
}

static void check_stream(const mn_tokenizer *tokenizer, const mn_ids *ids) {
    mn_stream stream;
    mn_text out = { 0 };
    mn_stream_init(&stream, tokenizer, true);
    for (size_t i = 0; i < ids->n; i++) mn_stream_feed(&stream, &out, ids->data[i]);
    mn_stream_end(&stream, &out);
    for (size_t at = 0, n; at < out.length; at += n)
        if (!(n = mn_utf8_length(out.data + at, out.length - at))) abort();
    mn_text_free(&out);
}

/* The first byte says where the origins change and which vocabulary it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size) return 0;
    int which = data[0] & 1;
    size_t step = (size_t)(data[0] >> 1) + 1;
    const char *text = (const char *)data + 1;
    const mn_tokenizer *tokenizer = open_once(which);
    mn_prompt prompt = { 0 };
    mn_ids ids = { 0 };
    mn_text back = { 0 };
    size--;
    for (size_t at = 0, n; at < size; at += n) {
        n = size - at < step ? size - at : step;
        mn_prompt_append(&prompt, text + at, n, at / step % 2 ? MN_FROM_TEMPLATE : MN_FROM_USER);
    }
    if (mn_tokenizer_encode(tokenizer, &ids, &prompt, MN_ADD_BOS, NULL)) abort();
    for (size_t i = 0; i < ids.n; i++)
        if (ids.data[i] < 0 || (uint32_t)ids.data[i] >= mn_tokenizer_n_vocab(tokenizer)) abort();
    check_stream(tokenizer, &ids);
    mn_ids_free(&ids);

    /* As one text of a user it comes back, unless it holds what a vocabulary rewrites: characters
     * that compose, U+2581, and, as in the original, what follows a user-defined token gets a
     * space. */
    if (mn_tokenizer_encode_bytes(tokenizer, &ids, text, size, MN_FROM_USER, 0, NULL)) abort();
    mn_tokenizer_decode(tokenizer, &back, ids.data, ids.n, true, true);
    bool rewritten = which && (memmem(text, size, "::", 2) || memmem(text, size, "<tool>", 6));
    for (size_t i = 0; i < size; i++) rewritten = rewritten || data[1 + i] >= 0xCC;
    if (!rewritten && (back.length != size || (size && memcmp(back.data, text, size) != 0)))
        abort();
    mn_text_free(&back);
    mn_ids_free(&ids);
    mn_prompt_free(&prompt);
    return 0;
}
