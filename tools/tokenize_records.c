/* SPDX-License-Identifier: Apache-2.0 */
/* tokenize_records.c - encodes many texts with one tokenizer; serves tools/check_tokenizers.py.
 *
 * tokenize_records MODEL.gguf [template] [bos] < RECORDS, where a record is its length in decimal,
 * a newline, then that many bytes. One line of ids per record; a line "# decode" follows when
 * decoding them, without control tokens in the text, did not give the text again. Link with
 * libminnow. */
#include "base/memory.h"
#include "file/gguf.h"
#include "text/tokenizer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double spent;

static int fail(const mn_error *error) {
    fprintf(stderr, "%s\n", error->message);
    return 1;
}

static int tokenize(const mn_tokenizer *tokenizer, const char *bytes, size_t length,
                    mn_origin origin, unsigned flags) {
    mn_error error;
    mn_ids ids = { 0 };
    mn_text back = { 0 };
    double start = seconds();
    if (mn_tokenizer_encode_bytes(tokenizer, &ids, bytes, length, origin, flags, &error))
        return fail(&error);
    spent += seconds() - start;
    for (size_t i = 0; i < ids.n; i++) printf(i ? " %d" : "%d", ids.data[i]);
    printf("\n");
    mn_tokenizer_decode(tokenizer, &back, ids.data, ids.n, true, true);
    if (back.length != length || (length && memcmp(back.data, bytes, length) != 0))
        printf("# decode\n");
    mn_text_free(&back);
    mn_ids_free(&ids);
    return 0;
}

int main(int argc, char **argv) {
    mn_error error;
    mn_gguf *file;
    mn_tokenizer *tokenizer;
    mn_origin origin = MN_FROM_USER;
    unsigned flags = 0;
    size_t length, total = 0;
    if (argc < 2) return 2;
    for (int i = 2; i < argc; i++) {
        if (!strcmp(argv[i], "template")) origin = MN_FROM_TEMPLATE;
        if (!strcmp(argv[i], "bos")) flags = MN_ADD_BOS;
    }
    if (mn_gguf_open(&file, argv[1], &error)) return fail(&error);
    double start = seconds();
    if (mn_tokenizer_open(&tokenizer, file, &error)) return fail(&error);
    double opened = seconds() - start;
    int failed = 0;
    while (!failed && scanf("%zu", &length) == 1 && getchar() == '\n') {
        char *bytes = mn_alloc(length);
        if (!bytes || fread(bytes, 1, length, stdin) != length) return 1;
        failed = tokenize(tokenizer, bytes, length, origin, flags);
        total += length;
        mn_free(bytes);
    }
    fprintf(stderr, "open %.1f ms, encode %zu bytes in %.3f s: %.1f MB/s\n", opened * 1e3, total,
            spent, (double)total / 1e6 / (spent > 0 ? spent : 1e-9));
    mn_tokenizer_close(tokenizer);
    mn_gguf_close(file);
    return failed;
}
