# rows: P7
"""The words for people: every text in both languages, with the same places; the house's glossary is kept."""
import json
import os
import re
import unittest

from center import TOP

PLACE = re.compile(r"\{([^{}]*)\}")
FORMS = {"", "when", "until"}


def load(language):
    with open(os.path.join(TOP, "data", "texts", language + ".json"), encoding="utf-8") as f:
        return json.load(f)


class Texts(unittest.TestCase):
    def setUp(self):
        self.ja, self.en = load("ja"), load("en")

    def test_same_keys_and_places(self):
        self.assertEqual(list(self.ja), list(self.en))
        for key, text in self.ja.items():
            with self.subTest(key):
                self.assertEqual(sorted(set(PLACE.findall(text))), sorted(set(PLACE.findall(self.en[key]))))

    def test_places_are_well_formed(self):
        for texts in (self.ja, self.en):
            for key, text in texts.items():
                with self.subTest(key):
                    self.assertTrue(text.strip())
                    self.assertNotRegex(PLACE.sub("", text), r"[{}]")
                    for place in PLACE.findall(text):
                        name, _, form = place.partition(":")
                        self.assertIn(form, FORMS)
                        if name.startswith("@"):
                            self.assertIn(name[1:] + ".one", texts)
                            self.assertIn(name[1:] + ".many", texts)

    def test_japanese_is_japanese_and_english_is_english(self):
        for key, text in self.ja.items():
            if PLACE.sub("", text).strip("():, 。、"):
                self.assertRegex(text, "[぀-ヿ一-鿿→]", key)
        for key, text in self.en.items():
            self.assertNotRegex(text, "[぀-ヿ一-鿿]", key)

    def test_sentences_are_polite(self):
        for key, text in self.ja.items():
            if key.startswith(("what.", "stopped.", "not_known.", "next.")):
                for sentence in filter(None, text.split("。")):
                    sentence = re.sub(r"\([^)]*\)$", "", sentence)
                    polite = r"(です|ます|ません|ました|ください|でした)$|\{\w+\}$|\}\)?$"
                    self.assertRegex(sentence, polite, key)

    def test_stopped_is_not_said_of_what_was_only_detected(self):
        for key, text in self.ja.items():
            if key.startswith("subject.") and ".detected" in key and "device_isolated" not in key:
                self.assertNotIn("止めました", text, key)
        for key, text in self.en.items():
            if key.startswith("subject.") and ".detected" in key and "device_isolated" not in key:
                self.assertNotIn("we stopped", text.lower(), key)

    def test_no_notice_asks_for_secrets(self):
        for key, text in self.ja.items():
            if key.startswith("do."):
                self.assertNotRegex(text, "パスワードを(教え|入力|送)", key)
