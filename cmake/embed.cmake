# SPDX-License-Identifier: Apache-2.0
# cmake -D INPUT=file -D OUTPUT=file.c -D NAME=mn_file -P embed.cmake
# Writes a C file that holds the bytes of INPUT as NAME (with a '\0' after them) and NAME_size.
file(READ "${INPUT}" bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "((0x[0-9a-f][0-9a-f],){16})" "\\1\n    " bytes "${bytes}")
get_filename_component(source "${INPUT}" NAME)
file(WRITE "${OUTPUT}.new" "/* made from ${source} by the build */
#include <stddef.h>

extern const char ${NAME}[];
extern const size_t ${NAME}_size;
const char ${NAME}[] = {
    ${bytes}0
};
const size_t ${NAME}_size = sizeof ${NAME} - 1;
")
file(COPY_FILE "${OUTPUT}.new" "${OUTPUT}" ONLY_IF_DIFFERENT)
file(REMOVE "${OUTPUT}.new")
