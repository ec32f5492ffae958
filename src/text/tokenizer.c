/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer.c - text to token ids and back. */
#include "text/tokenizer.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/bpe.h"
#include "text/compose.h"
#include "text/pretokenizer.h"
#include "text/special.h"
#include "text/spm.h"
#include "text/unicode.h"
#include "text/word_cache.h"

#include <limits.h>
#include <string.h>

enum { WORTH_A_CACHE = 2000 }; /* bytes of text */

struct mn_tokenizer {
    mn_vocabulary_kind kind;
    mn_pieces pieces;
    mn_specials specials;
    mn_pretokenizer pretokenizer; /* byte level only */
    mn_bpe bpe;                   /* byte level only */
    mn_spm spm;                   /* sentencepiece only */
    uint8_t *ends;                /* [n pieces] 1: ends a generation */
    int32_t bos, eos;
    bool add_bos, add_eos, add_space_prefix, remove_extra_whitespaces, specials_strip_right;
};

/* ---- plain text ---- */

typedef struct encoder { /* one call of encode */
    const mn_tokenizer *tokenizer;
    mn_ids *out;
    mn_merger merger;
    mn_word_cache *cache; /* NULL for short texts */
    mn_text scratch;      /* a part of the text in another form */
    bool after_special;   /* also true at the start */
} encoder;

typedef bool encode_word_fn(encoder *e, const char *word, size_t length);

static bool encode_bpe_word(encoder *e, const char *word, size_t length) {
    return mn_bpe_encode(&e->tokenizer->bpe, &e->merger, word, length, e->out);
}

static bool encode_spm_word(encoder *e, const char *word, size_t length) {
    return mn_spm_encode(&e->tokenizer->spm, &e->merger, word, length, e->out);
}

static bool encode_cached(encoder *e, encode_word_fn *encode, const char *word, size_t length) {
    bool failed = false;
    if (!e->cache) return encode(e, word, length);
    if (mn_word_cache_get(e->cache, word, length, e->out, &failed)) return !failed;
    size_t before = e->out->n;
    if (!encode(e, word, length)) return false;
    mn_word_cache_put(e->cache, word, length, e->out->data + before, e->out->n - before);
    return true;
}

static bool encode_byte_level(encoder *e, const char *text, size_t length) {
    mn_words words;
    size_t start, n;
    if (e->tokenizer->pretokenizer.composes && mn_compose_stable(text, length) < length) {
        mn_text_clear(&e->scratch);
        mn_compose(&e->scratch, text, length);
        if (e->scratch.failed) return false;
        text = e->scratch.data;
        length = e->scratch.length;
    }
    mn_words_init(&words, &e->tokenizer->pretokenizer, text, length);
    while (mn_words_next(&words, &start, &n))
        if (!encode_cached(e, encode_bpe_word, text + start, n)) return false;
    return true;
}

/* Spaces become U+2581. Extra ones go where the vocabulary was trained without them. */
static void escape_spaces(encoder *e, const char *text, size_t length) {
    bool remove = e->tokenizer->remove_extra_whitespaces;
    mn_text_clear(&e->scratch);
    while (remove && length && text[length - 1] == ' ') length--;
    size_t i = 0;
    while (remove && i < length && text[i] == ' ') i++;
    if (i == length) return;
    if (e->tokenizer->add_space_prefix && e->after_special)
        mn_text_add(&e->scratch, "\xE2\x96\x81");
    while (i < length) {
        size_t run = 0;
        while (i + run < length && text[i + run] != ' ') run++;
        mn_text_append(&e->scratch, text + i, run);
        i += run;
        if (i == length) break;
        mn_text_append(&e->scratch, "\xE2\x96\x81", 3);
        do i++;
        while (remove && i < length && text[i] == ' ');
    }
}

static bool encode_sentencepiece(encoder *e, const char *text, size_t length) {
    const mn_spm *spm = &e->tokenizer->spm;
    escape_spaces(e, text, length);
    if (e->scratch.failed) return false;
    for (size_t at = 0, stop; at < e->scratch.length; at = stop) {
        stop = mn_spm_part(spm, e->scratch.data, at, e->scratch.length);
        if (!encode_cached(e, encode_spm_word, e->scratch.data + at, stop - at)) return false;
    }
    return true;
}

static bool encode_plain(encoder *e, const char *text, size_t length) {
    if (!length) return true;
    bool done = e->tokenizer->kind == MN_BYTE_LEVEL ? encode_byte_level(e, text, length)
                                                    : encode_sentencepiece(e, text, length);
    e->after_special = false;
    return done;
}

/* ---- prompts ---- */

static size_t skip_spaces(const char *text, size_t position, size_t end) {
    size_t length;
    while (position < end) {
        uint32_t c = mn_utf8_decode(text + position, end - position, &length);
        if (!length || !(mn_unicode_bits(c) & MN_UNICODE_SPACE)) break;
        position += length;
    }
    return position;
}

/* In Phi-3 every special token swallows the white space that follows, but these. */
static bool strips_right(const mn_tokenizer *t, int32_t id) {
    static const char *const others[] = { "<unk>", "<s>", "<|endoftext|>" };
    if (!t->specials_strip_right) return false;
    mn_string name = t->pieces.raw[id];
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (name.length == strlen(others[i]) && !memcmp(name.data, others[i], name.length))
            return false;
    return true;
}

static bool encode_text(encoder *e, const mn_prompt *prompt) {
    const mn_tokenizer *t = e->tokenizer;
    const char *text = prompt->text.data;
    size_t position = 0, run = 0;
    while (position < prompt->text.length) {
        mn_special_match match = mn_specials_next(&t->specials, prompt, position, &run);
        if (!encode_plain(e, text + position, match.start - position)) return false;
        if (!match.length) break;
        if (!mn_ids_add(e->out, match.id)) return false;
        e->after_special = true;
        position = match.start + match.length;
        if (strips_right(t, match.id)) position = skip_spaces(text, position, prompt->text.length);
    }
    return true;
}

/* Puts BOS before the ids from `start` on, unless it is there already. */
static bool insert_bos(const mn_tokenizer *t, mn_ids *out, size_t start) {
    if (t->bos < 0 || (out->n > start && out->data[start] == t->bos)) return true;
    if (!mn_ids_add(out, t->bos)) return false;
    memmove(out->data + start + 1, out->data + start, (out->n - 1 - start) * sizeof *out->data);
    out->data[start] = t->bos;
    return true;
}

static bool append_eos(const mn_tokenizer *t, mn_ids *out, size_t start) {
    if (t->eos < 0 || (out->n > start && out->data[out->n - 1] == t->eos)) return true;
    return mn_ids_add(out, t->eos);
}

mn_status mn_tokenizer_encode(const mn_tokenizer *tokenizer, mn_ids *out, const mn_prompt *prompt,
                              unsigned flags, mn_error *error) {
    if (prompt->text.failed) return mn_fail_memory(error, prompt->text.length, "the prompt");
    if (prompt->text.length > INT32_MAX / 4)
        return mn_fail(error, MN_USAGE,
                       "the text has %zu bytes, at most %d can be tokenized at once",
                       prompt->text.length, INT32_MAX / 4);
    size_t start = out->n;
    encoder e = { .tokenizer = tokenizer, .out = out, .after_special = true };
    bool repeats = prompt->text.length >= WORTH_A_CACHE;
    if (repeats) e.cache = mn_word_cache_open();
    bool done = (e.cache || !repeats) && encode_text(&e, prompt);
    bool bos = (flags & MN_FORCE_BOS) || ((flags & MN_ADD_BOS) && tokenizer->add_bos);
    if (done && bos) done = insert_bos(tokenizer, out, start);
    if (done && (flags & MN_ADD_BOS) && tokenizer->add_eos)
        done = append_eos(tokenizer, out, start);
    mn_merger_free(&e.merger);
    mn_text_free(&e.scratch);
    mn_word_cache_close(e.cache);
    if (done) return MN_OK;
    out->n = start;
    return mn_fail_memory(error, prompt->text.length, "the tokens of a text");
}

mn_status mn_tokenizer_encode_bytes(const mn_tokenizer *tokenizer, mn_ids *out, const char *bytes,
                                    size_t length, mn_origin origin, unsigned flags,
                                    mn_error *error) {
    /* The prompt is only read, so it can stand on the caller's bytes. */
    mn_prompt_run run = { length, origin };
    mn_prompt prompt = { .text = { .data = (char *)bytes, .length = length },
                         .runs = &run,
                         .n_runs = 1 };
    return mn_tokenizer_encode(tokenizer, out, &prompt, flags, error);
}

/* ---- what a token is ---- */

uint32_t mn_tokenizer_n_vocab(const mn_tokenizer *tokenizer) {
    return tokenizer->pieces.n;
}

static bool has(const mn_tokenizer *t, int32_t id) {
    return id >= 0 && (uint32_t)id < t->pieces.n;
}

mn_string mn_tokenizer_piece(const mn_tokenizer *tokenizer, int32_t id) {
    return mn_pieces_bytes(&tokenizer->pieces, id);
}

mn_string mn_tokenizer_raw_piece(const mn_tokenizer *tokenizer, int32_t id) {
    return has(tokenizer, id) ? tokenizer->pieces.raw[id] : (mn_string){ "", 0 };
}

bool mn_tokenizer_is_control(const mn_tokenizer *tokenizer, int32_t id) {
    if (!has(tokenizer, id)) return false;
    unsigned type = tokenizer->pieces.types[id];
    return type == MN_PIECE_CONTROL || type == MN_PIECE_UNKNOWN;
}

bool mn_tokenizer_ends_generation(const mn_tokenizer *tokenizer, int32_t id) {
    return has(tokenizer, id) && tokenizer->ends[id];
}

int32_t mn_tokenizer_bos(const mn_tokenizer *tokenizer) {
    return tokenizer->bos;
}

bool mn_tokenizer_adds_bos(const mn_tokenizer *tokenizer) {
    return tokenizer->add_bos && mn_tokenizer_bos(tokenizer) >= 0;
}

int32_t mn_tokenizer_eos(const mn_tokenizer *tokenizer) {
    return tokenizer->eos;
}

int32_t mn_tokenizer_find(const mn_tokenizer *tokenizer, const char *raw_piece, size_t length) {
    return mn_pieces_find(&tokenizer->pieces, raw_piece, length);
}

/* ---- back to text ---- */

/* What `id` adds to a text; clears *at_start once something came that is not a control token. */
static mn_string decoded(const mn_tokenizer *t, int32_t id, bool *at_start, bool with_control) {
    mn_string piece = mn_pieces_bytes(&t->pieces, id);
    if (mn_tokenizer_is_control(t, id)) return with_control ? piece : (mn_string){ "", 0 };
    if (*at_start && piece.length && piece.data[0] == ' ' && t->kind == MN_SENTENCEPIECE &&
        t->add_space_prefix) {
        piece.data++;
        piece.length--;
    }
    *at_start = false;
    return piece;
}

void mn_tokenizer_decode(const mn_tokenizer *tokenizer, mn_text *out, const int32_t *ids, size_t n,
                         bool at_start, bool with_control) {
    for (size_t i = 0; i < n; i++) {
        mn_string piece = decoded(tokenizer, ids[i], &at_start, with_control);
        mn_text_append(out, piece.data, piece.length);
    }
}

void mn_stream_init(mn_stream *stream, const mn_tokenizer *tokenizer, bool at_start) {
    *stream = (mn_stream){ .tokenizer = tokenizer, .at_start = at_start };
}

/* Takes the held bytes as far as they are whole or hopeless; keeps what may still become whole. */
static void stream_settle(mn_stream *stream, mn_text *out, bool is_last) {
    size_t at = 0;
    while (at < stream->n_held) {
        size_t left = stream->n_held - at, n = mn_utf8_length(stream->held + at, left);
        size_t waiting = n || is_last ? 0 : mn_utf8_incomplete_tail(stream->held + at, left);
        if (waiting == left) break;
        if (n)
            mn_text_append(out, stream->held + at, n);
        else {
            n = 1; /* an ill-formed sequence goes as one: its lead and the bytes that fitted */
            while (n < left && mn_utf8_incomplete_tail(stream->held + at, n + 1) == n + 1) n++;
            mn_text_add(out, "\xEF\xBF\xBD");
        }
        at += n;
    }
    stream->n_held -= at;
    memmove(stream->held, stream->held + at, stream->n_held);
}

void mn_stream_feed(mn_stream *stream, mn_text *out, int32_t id) {
    mn_string piece = decoded(stream->tokenizer, id, &stream->at_start, false);
    for (size_t i = 0; i < piece.length; i++) {
        stream->held[stream->n_held++] = piece.data[i];
        stream_settle(stream, out, false);
    }
}

void mn_stream_end(mn_stream *stream, mn_text *out) {
    stream_settle(stream, out, true);
}

/* ---- open and close ---- */

/* Control tokens that published models end a turn or an answer with. */
static const char *const ending_names[] = {
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end_of_text|>",
    "<|endoftext|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<turn|>",
    "</s>",
    "<eos>",
    "<|eot|>",
    "<|eom|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|end_of_turn|>",
    "<end_of_utterance>",
    "<｜end▁of▁sentence｜>",
};

static int32_t find_control(const mn_tokenizer *t, const char *name) {
    int32_t id = mn_pieces_find(&t->pieces, name, strlen(name));
    return id >= 0 && t->pieces.types[id] == MN_PIECE_CONTROL ? id : -1;
}

static void mark_endings(mn_tokenizer *t, const mn_vocabulary *v) {
    const int32_t named[] = { v->eos, v->eot, v->eom };
    for (size_t i = 0; i < sizeof ending_names / sizeof ending_names[0]; i++) {
        int32_t id = find_control(t, ending_names[i]);
        if (id >= 0) t->ends[id] = 1;
    }
    /* In the harmony format <|end|> ends a message, and an answer may have several. */
    int32_t end = find_control(t, "<|end|>");
    if (end >= 0 && find_control(t, "<|return|>") >= 0 && find_control(t, "<|call|>") >= 0)
        t->ends[end] = 0;
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (named[i] >= 0) t->ends[named[i]] = 1;
}

static mn_status open_kind(mn_tokenizer *t, const mn_vocabulary *v, mn_error *error) {
    if (v->kind == MN_SENTENCEPIECE) return mn_spm_open(&t->spm, &t->pieces, v, error);
    mn_status status = mn_pretokenizer_open(&t->pretokenizer, v->pre, error);
    return status ? status
                  : mn_bpe_open(&t->bpe, &t->pieces, v, t->pretokenizer.whole_words, error);
}

static bool setting(int8_t told, bool otherwise) {
    return told < 0 ? otherwise : told;
}

static mn_status open_parts(mn_tokenizer *t, const mn_vocabulary *v, mn_error *error) {
    bool is_spm = v->kind == MN_SENTENCEPIECE;
    mn_status status = mn_pieces_open(&t->pieces, v, error);
    if (!status) status = mn_specials_open(&t->specials, &t->pieces, error);
    if (!status) status = open_kind(t, v, error);
    if (status) return status;
    t->ends = mn_alloc_array(t->pieces.n, 1);
    if (!t->ends) return mn_fail_memory(error, t->pieces.n, "the tokenizer");
    mark_endings(t, v);
    t->bos = v->bos;
    t->eos = v->eos;
    t->add_bos = setting(v->add_bos, is_spm || t->pretokenizer.adds_bos);
    t->add_eos = setting(v->add_eos, false);
    t->add_space_prefix = setting(v->add_space_prefix, is_spm);
    t->remove_extra_whitespaces = v->remove_extra_whitespaces;
    t->specials_strip_right = v->specials_strip_right;
    return MN_OK;
}

mn_status mn_tokenizer_open_vocabulary(mn_tokenizer **out, const mn_vocabulary *vocabulary,
                                       mn_error *error) {
    *out = NULL;
    mn_tokenizer *t = mn_alloc_array(1, sizeof *t);
    if (!t) return mn_fail_memory(error, sizeof *t, "the tokenizer");
    t->kind = vocabulary->kind;
    mn_status status = open_parts(t, vocabulary, error);
    if (status) {
        mn_tokenizer_close(t);
        return status;
    }
    *out = t;
    return MN_OK;
}

mn_status mn_tokenizer_open(mn_tokenizer **out, const mn_gguf *file, mn_error *error) {
    mn_vocabulary vocabulary;
    *out = NULL;
    mn_status status = mn_vocabulary_read(&vocabulary, file, error);
    if (status) return status;
    status = mn_tokenizer_open_vocabulary(out, &vocabulary, error);
    mn_vocabulary_free(&vocabulary);
    return status;
}

void mn_tokenizer_close(mn_tokenizer *tokenizer) {
    if (!tokenizer) return;
    mn_bpe_close(&tokenizer->bpe);
    mn_spm_close(&tokenizer->spm);
    mn_pretokenizer_close(&tokenizer->pretokenizer);
    mn_specials_close(&tokenizer->specials);
    mn_pieces_close(&tokenizer->pieces);
    mn_free(tokenizer->ends);
    mn_free(tokenizer);
}
