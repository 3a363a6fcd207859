"""The house's own checks find what they are there to find: a violation is planted, and they must name it."""
import os
import shutil
import subprocess
import tempfile
import unittest

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


class Planted(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.top)
        for folder in ("fuzz", "bench"):
            os.makedirs(os.path.join(self.top, folder))
        self.write("layers.txt", "base:\nlow: base\nhigh: base low\nhigh/sub: base\n")
        self.header("base/str.h", "struct str;")
        self.header("low/low.h", "struct low;")
        self.header("low/inner.h", "struct inner;")
        self.header("high/high.h", '#include "low/low.h"\n#include <stdio.h>')
        self.header("high/sub/sub.h", '#include "base/str.h"')

    def write(self, path, text):
        full = os.path.join(self.top, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    def header(self, path, text):
        self.write("src/" + path, f"#pragma once\n{text}\n")

    def run_check(self, name):
        done = subprocess.run([os.path.join(TOP, "tools", name), self.top], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout

    def expect(self, name, *words):
        code, out = self.run_check(name)
        self.assertEqual(code, 1 if words else 0, out)
        for word in words:
            self.assertIn(word, out)


class Layers(Planted):
    def test_clean(self):
        self.expect("check_layers")

    def test_each_violation_is_named(self):
        rows = [
            ("src/low/a.c", '#include "high/high.h"\n', "does not let low enter high"),
            ("src/high/a.c", '#include "low/inner.h"\n', "a private header of low"),
            ("src/low/a.c", '#include "inner.h"\n', "not a full path from src/"),
            ("src/low/a.c", '#include "../base/str.h"\n', "not a full path from src/"),
            ("src/high/sub/a.c", '#include "high/high.h"\n', "does not let high/sub enter high"),
            ("src/low/a_test.c", '#include "high/high.h"\n', "does not let low enter high"),
            ("src/other/a.c", "", "no room of layers.txt"),
            ("fuzz/a.c", '#include "str.h"\n', "not a full path from src/"),
        ]
        for path, text, want in rows:
            with self.subTest(path=path, text=text):
                self.write(path, text)
                self.expect("check_layers", path, want)
                os.remove(os.path.join(self.top, path))

    def test_unit_test_may_wire_its_program(self):
        self.write("src/high/sub/a_test.c", '#include "high/high.h"\n')
        self.expect("check_layers")

    def test_all_rooms_below(self):
        self.write("src/top/a.c", '#include "high/sub/sub.h"\n')
        self.write("layers.txt", "base:\nlow: base\nhigh: base low\nhigh/sub: base\ntop: base high/*\n")
        self.header("high/sub/sub.h", "int sub(void);")
        self.expect("check_layers")
        self.write("src/top/a.c", '#include "high/high.h"\n')
        self.expect("check_layers", "does not let top enter high")

    def test_circle_cannot_be_written(self):
        self.write("layers.txt", "base:\nlow: base high\nhigh: base low\nhigh/sub: base\n")
        self.expect("check_layers", "low names high, which is not above it")


class Headers(Planted):
    def test_clean(self):
        self.expect("check_headers")

    def test_header_that_needs_another(self):
        self.header("low/inner.h", "int inner(size_t n);")
        self.expect("check_headers", "src/low/inner.h: does not compile alone")

    def test_header_without_guard(self):
        self.write("src/low/inner.h", "struct inner { int a; };\n")
        self.expect("check_headers", "src/low/inner.h: does not compile alone")

    def test_own_header_comes_first(self):
        self.write("src/low/low.c", '#include <stdio.h>\n#include "low/low.h"\n')
        self.expect("check_headers", "src/low/low.c: its own header comes first")


class Functions(Planted):
    def plant(self, text):
        self.write("src/low/a.c", text)

    def test_clean(self):
        self.plant("struct s {\n    int a;\n};\nstatic const int t[] = {1, 2};\n"
                   "int f(int a, int (*g)(int, int), int b, int c, int d)\n{\n    return a;\n}\n")
        self.expect("check_functions")

    def test_long_function(self):
        self.plant("int f(void)\n{\n" + "    g();\n" * 80 + "}\n")
        self.expect("check_functions", "src/low/a.c:1: f: 83 lines")

    def test_long_function_is_excused_as_flat(self):
        self.plant("int f(void)\n{\n    /* flat switch */\n" + "    g();\n" * 80 + "}\n")
        self.expect("check_functions")

    def test_tables_inside_do_not_count(self):
        table = "    static const int t[][1] = {\n" + "        {1},\n" * 90 + "    };\n"
        self.plant("int f(void)\n{\n" + table + "    return t[0][0];\n}\n")
        self.expect("check_functions")
        self.plant("int f(void)\n{\n" + table + "    g();\n" * 80 + "}\n")
        self.expect("check_functions", "f: 84 lines")

    def test_braces_in_text_do_not_count(self):
        self.plant("int f(void)\n{\n    g(\"{\", '{'); /* { */ // {\n}\n" + "int a;\n" * 90)
        self.expect("check_functions")

    def test_only_one_branch_of_the_preprocessor_counts(self):
        self.plant("#if A\nint f(int a)\n{\n#else\nint f(void)\n{\n#endif\n    g();\n}\n" + "int a;\n" * 90)
        self.expect("check_functions")

    def test_many_parameters(self):
        self.plant("int f(int a, int b, int c, int d, int e, int g)\n{\n    return a;\n}\n")
        self.expect("check_functions", "f: 6 parameters")

    def test_foreign_signature(self):
        self.plant("/* foreign signature */\nint f(int a, int b, int c, int d, int e, int g)\n{\n    return a;\n}\n")
        self.expect("check_functions")

    def test_nesting(self):
        deep = "    for (int i = 0; i < 3; i++) {\n" + "    if (a) {\n" * 4 + "g();\n" + "}\n" * 5
        self.plant("int f(int a)\n{\n" + deep + "}\n")
        self.expect("check_functions", "f: nested 5 deep")

    def test_initialisers_are_no_nesting(self):
        self.plant("int f(void)\n{\n    struct t t[] = {{{{{{{1}}}}}}};\n    g((struct t){{{{{1}}}}});\n}\n")
        self.expect("check_functions")

    def test_long_file(self):
        self.plant("int a;\n" * 901)
        self.expect("check_functions", "901 lines")
        self.plant("/* flat table */\n" + "int a;\n" * 901)
        self.expect("check_functions")


class Format(Planted):
    def test_unformatted(self):
        shutil.copy(os.path.join(TOP, ".clang-format"), self.top)
        self.write("src/low/a.c", "int f(void)\n{\n    return 0;\n}\n")
        self.expect("check_format")
        self.write("src/low/a.c", "int f(void){return 0;}\n")
        self.expect("check_format", "--fix puts it right")


if __name__ == "__main__":
    unittest.main()
