/* SPDX-License-Identifier: Apache-2.0 */
/* stories.h - turns a llama2.c model and its vocabulary (a small trained model that tests find in
 * $MINNOW_TEST_DATA) into a model file. */
#ifndef MN_SUPPORT_STORIES_H
#define MN_SUPPORT_STORIES_H

#include <minnow/status.h>

/* `model`: llama2.c's first layout (7 numbers, then float32 tensors). `tokens`: its tokenizer
 * layout. Writes `out`, replacing it. */
mn_status mn_test_write_stories(const char *out, const char *model, const char *tokens,
                                mn_error *error);

#endif
