/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_toml.c - a settings file or a catalogue. The reader belongs to the program, which is not built
 * with the fuzz targets; its source is part of this one. */
#include "store/toml.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mn_toml toml;
    mn_error error = { 0 };
    if (mn_toml_parse(&toml, (const char *)data, size, "input", &error)) {
        if (strncmp(error.message, "input:", 6)) abort();
        return 0;
    }
    for (size_t i = 0; i < toml.n; i++) /* each entry is found, and is the only one of its name */
        if (mn_toml_find(&toml, toml.entries[i].section, toml.entries[i].key) != &toml.entries[i])
            abort();
    mn_toml_free(&toml);
    return 0;
}
