# rows: P6 P7 R-D R-β
"""Notices on their real way: event -> incident -> outbox -> SMTP -> a relay that keeps what it gets."""
import os
import re
import time
import unittest

from center import Center, Relay, beacon, wait_for


class Notices(unittest.TestCase):
    def setUp(self):
        self.relay = Relay()
        self.center = Center("--smtp", f"127.0.0.1:{self.relay.port}", "--mail-from", "mimamori@example.jp", "--mail-name",
                             "見守りセンター", "--public-url", "https://mimamori.example.jp", "--phone", "06-0000-0000")
        self.firm = self.center.new_firm("甲社", "--phrase", "やまざくらの港", "--mail", "yamada@example.jp")
        self.center.run("contact", "add", "--firm", self.firm["firm"], "--name", "Smith", "--mail", "smith@example.jp",
                        "--language", "en")

    def tearDown(self):
        self.relay.shutdown()
        self.relay.server_close()
        self.assertEqual(self.center.close(), 0)

    def mails(self, count):
        wait_for(lambda: len(self.relay.mails) >= count)
        return {to: message for to, message, _ in self.relay.mails[-2:]}

    def test_a_beacon_becomes_one_mail_per_person_within_seconds(self):
        begin = time.time()
        self.center.send(self.firm["gateway"], [beacon()] * 14)
        mails = self.mails(2)
        self.assertLess(max(at for _, _, at in self.relay.mails) - begin, 15)
        ja, en = mails["yamada@example.jp"], mails["smith@example.jp"]
        self.assertRegex(ja["Subject"], r"^【至急・対応が必要】「KEIRI-02」から怪しい相手への通信を止めました\(\d+/\d+ \d\d:\d\d\)$")
        self.assertEqual(ja["From"], "見守りセンター <mimamori@example.jp>")
        self.assertEqual(ja.get_content_type(), "text/plain")
        body = ja.get_content()
        parts = ["ご対応が必要です", "■ いまお願いしたいこと", "06-0000-0000", "■ 何が起きたか", "■ 止まっているか", "■ どのパソコンか",
                 "KEIRI-02(NEC製)", "■ このあと", "https://mimamori.example.jp/incidents/", "合言葉:やまざくらの港", "■ 技術情報",
                 "203.0.113.9:8000"]
        places = [body.find(p) for p in parts]
        self.assertNotIn(-1, places, body)
        self.assertEqual(places, sorted(places))
        fold = body[:body.find("■ 技術情報")]
        self.assertIsNone(re.search(r"\d+\.\d+\.\d+\.\d+|ET MALWARE|CVE-", fold))
        self.assertIn("You need to act.", en.get_content())
        self.assertIn("[Action needed now]", en["Subject"])
        # more of the same cause: no further mail
        self.center.send(self.firm["gateway"], [beacon()] * 300, 15)
        time.sleep(5)
        self.assertEqual(len(self.relay.mails), 2)
        # cut off: one update, in the same thread
        cut = {"event_type": "otasuke_isolation", "otasuke": {"isolation": {
            "mac": "02:00:5e:10:00:02", "state": "applied", "by": "rule", "reason": "Gh0st",
            "since_us": int(time.time() * 1e6)}}}
        self.center.send(self.firm["gateway"], [cut], 315)
        update = self.mails(4)["yamada@example.jp"]
        self.assertIn("切り離しました", update["Subject"])
        self.assertEqual(update["In-Reply-To"], ja["Message-ID"])
        self.assertEqual(update["References"], ja["Message-ID"])
        # resolved: the thread is closed
        admin = self.center.session()
        incident = admin.get("/api/incidents").json["items"][0]
        self.assertEqual((incident["count"], incident["verdict"], incident["isolated"]), (314, "isolated", True))
        admin.post(f"/api/incidents/{incident['id']}/resolve", {"state": "resolved"})
        last = self.mails(6)["yamada@example.jp"]
        self.assertTrue(last["Subject"].startswith("【解決】"))
        self.assertEqual(last["In-Reply-To"], ja["Message-ID"])
        shown = admin.get(f"/api/incidents/{incident['id']}/notices").json["items"]
        self.assertEqual([n["kind"] for n in shown], ["first"] * 2 + ["escalation"] * 2 + ["resolved"] * 2)
        self.assertEqual({n["state"] for n in shown}, {"sent"})
        text = next(n for n in shown if n["message_id"] == ja["Message-ID"])
        self.assertEqual(text["body"].split(), body.split())  # what is shown is what was sent

    def test_a_relay_that_refuses_for_good(self):
        self.relay.refusal = "550 no such user"
        self.center.send(self.firm["gateway"], [beacon()])
        admin = self.center.session()

        def dead():
            items = admin.get("/api/notices").json["items"]
            return items if {n["state"] for n in items} == {"dead"} else None
        items = wait_for(dead)
        self.assertIn("550", items[0]["error"])
        self.assertEqual(self.relay.mails, [])

    def test_a_relay_that_is_busy_is_tried_again(self):
        self.relay.refusal = "451 come back later"
        self.center.send(self.firm["gateway"], [beacon()])
        admin = self.center.session()
        items = wait_for(lambda: [n for n in admin.get("/api/notices").json["items"] if n["error"]])
        self.assertEqual((items[0]["state"], items[0]["attempts"]), ("waiting", 1))
        self.assertEqual(admin.get("/readyz").json["status"], "warn")


class Command(unittest.TestCase):
    def test_no_password_is_ever_an_argument(self):
        import subprocess
        from center import MIMAMORI
        for words in (("user", "add"), ("serve",), ("init",)):
            shown = subprocess.run([MIMAMORI, *words, "--help"], capture_output=True, text=True, check=True).stdout
            self.assertNotRegex(shown, r"--\S*password ")
        for words, code in ((("--help",), 0), (("--version",), 0), ((), 64), (("fly",), 64), (("serve", "--fly"), 64),
                            (("check",), 1)):
            with self.subTest(words):
                done = subprocess.run([MIMAMORI, *words], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, code)
                self.assertEqual(done.stderr.count("\n"), 1 if code else 0)

    def test_first_start_makes_a_password_and_shows_it_once(self):
        center = Center.__new__(Center)
        center.options, center.secret = (), os.devnull
        import shutil
        import subprocess
        import tempfile
        from center import MIMAMORI, Session
        center.folder = tempfile.mkdtemp(prefix="otasuke-center-")
        center.data = os.path.join(center.folder, "data")
        once = subprocess.run([MIMAMORI, "init", "--data", center.data], capture_output=True, text=True, check=True).stdout
        again = subprocess.run([MIMAMORI, "init", "--data", center.data], capture_output=True, text=True, check=True).stdout
        password = re.search(r"^password: (\S{20})$", once, re.M).group(1)
        self.assertEqual(again, "")
        self.assertEqual(os.stat(center.data).st_mode & 0o077, 0)
        center.start()
        self.assertEqual(Session(center.base).login("admin", password).status, 200)
        self.assertNotIn(password, center.logged())
        center.stop()
        shutil.rmtree(center.folder)
