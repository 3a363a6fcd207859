/* attr: the few compiler attributes and array arithmetic that every room uses. */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF_LIKE(format, first) __attribute__((format(printf, format, first)))
#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
