/* attr: the few compiler attributes and array arithmetic that every room uses. */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#define NODISCARD __attribute__((warn_unused_result))
/* Both count from 1: the place of the format text, and of the first value that it names. */
#define PRINTF_LIKE(text_at, values_at) __attribute__((format(printf, text_at, values_at)))
#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
