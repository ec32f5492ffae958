/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a model file: an error, or a file that can be read to its last weight. */
#include <minnow/status.h>

#include "file/memory_file.h"
#include "file/touch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mn_gguf *file;
    mn_error error;
    memory_file_set(data, size);
    if (!mn_gguf_open(&file, "fuzz.gguf", &error)) {
        touch_file(file);
        mn_gguf_close(file);
    }
    mn_io_set(NULL);
    return 0;
}
