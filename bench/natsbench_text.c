/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "natsbench_util.h"

size_t text_print(char *out, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(out, size, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= size) die("a text is longer than %zu", size);
    return (size_t)len;
}

uint64_t text_number(const char *text)
{
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9'; text++) number = number * 10 + (uint64_t)(*text - '0');
    return number;
}

const char *text_word(const char *text, uint32_t index)
{
    for (; index > 0; index--) {
        text = strchr(text, ' ');
        if (text == NULL) die("a text has too few words");
        text++;
    }
    return text;
}

size_t text_file(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "r");
    size_t len = file == NULL ? 0 : fread(out, 1, size - 1, file);
    out[len] = '\0';
    if (file != NULL) (void)fclose(file);
    return len;
}
