#!/usr/bin/env python3
"""embed.py NAME OUT FILE...: files as one C table (struct embedded, see base/embedded.h), ended by a row without name."""
import os
import sys


def main() -> int:
    name, out, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    rows, parts = [], ['#include "base/embedded.h"\n']
    for i, path in enumerate(files):
        with open(path, "rb") as f:
            data = f.read()
        # a NUL follows each file's bytes, so that a text can be used as a C string
        cells = ",".join(str(b) for b in data + b"\0")
        parts.append(f"static const unsigned char file_{i}[] = {{{cells}}};\n")
        rows.append(f'    {{"{os.path.basename(path)}", file_{i}, {len(data)}}},\n')
    parts.append(f"const struct embedded {name}[] = {{\n{''.join(rows)}    {{0, 0, 0}},\n}};\n")
    parts[0] += f"extern const struct embedded {name}[];\n"
    with open(out, "w", encoding="utf-8") as f:
        f.write("".join(parts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
