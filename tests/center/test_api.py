# rows: P6 R-D
"""The center's API as a browser meets it: sessions, roles, borders between firms, problems, limits, live changes."""
import http.client
import json
import os
import re
import unittest

from center import TOP, Center, Session, beacon, raw_request, wait_for

OPERATIONS = re.compile(r"^  (/\S+):\n((?:    .*\n|\n)*)", re.M)


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.center = Center()
        cls.first = cls.center.new_firm("甲社", "--mail", "yamada@example.jp")
        cls.second = cls.center.new_firm("乙社")
        cls.admin = cls.center.session()
        cls.manager = cls.center.new_user("kou", "manager", cls.first["firm"])
        cls.customer = cls.center.new_user("kou2", "customer", cls.first["firm"])
        cls.other = cls.center.new_user("otsu", "manager", cls.second["firm"])
        cls.analyst = cls.center.new_user("ana", "analyst")
        cls.center.send(cls.first["gateway"], [beacon()] * 14)

    @classmethod
    def tearDownClass(cls):
        code = cls.center.stop()
        log = cls.center.logged()
        cls.center.close()
        assert code == 0, log

    def problem(self, answer, status, code):
        self.assertEqual((answer.status, answer.heads["Content-Type"]), (status, "application/problem+json"))
        self.assertEqual((answer.json["status"], answer.json["code"]), (status, code))
        self.assertEqual(answer.json["type"], "about:blank")

    def incident(self):
        return self.manager.get("/api/incidents").json["items"][0]

    # -- sessions --

    def test_login(self):
        stranger = Session(self.center.base)
        self.problem(stranger.get("/api/me"), 401, "not_logged_in")
        self.problem(stranger.login("kou", "wrong"), 401, "login_failed")
        self.problem(stranger.login("nobody", "wrong"), 401, "login_failed")
        answer = stranger.login("kou")
        self.assertEqual(answer.status, 200)
        for part in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(part, answer.heads["Set-Cookie"])
        me = stranger.get("/api/me").json
        self.assertEqual((me["user"]["role"], me["user"]["organisation"]["id"]), ("manager", self.first["firm"]))
        self.assertEqual(stranger.ask("DELETE", "/api/session").status, 204)
        self.problem(stranger.get("/api/me"), 401, "not_logged_in")

    def test_csrf(self):
        for token in (None, "", "x" * 43, self.other.csrf):
            careless = Session(self.center.base)
            careless.cookie, careless.csrf = self.manager.cookie, token
            self.problem(careless.post(f"/api/incidents/{self.incident()['id']}/acknowledge"), 403, "csrf")
        self.problem(self.manager.post("/api/session", raw=b'{"login":"a"}', heads={"Content-Type": "text/plain"}), 415,
                     "unsupported_type")

    def test_wrong_passwords_make_a_login_rest(self):
        self.center.new_user("slow", "analyst")
        stranger = Session(self.center.base)
        said = {}
        for name in ("slow", "nobody-has-this-name"):
            for _ in range(5):
                self.problem(stranger.login(name, "wrong"), 401, "login_failed")
            answer = stranger.login(name)
            self.problem(answer, 429, "too_many")
            self.assertIn("Retry-After", answer.heads)
            said[name] = answer.json
        self.assertEqual(*said.values(), "the answer tells which names exist")

    def test_own_password(self):
        person = self.center.new_user("pw", "analyst")
        again = self.center.session("pw")
        change = {"old_password": "correct horse battery staple", "new_password": "short"}
        self.problem(person.ask("PUT", "/api/me/password", change), 422, "invalid")
        change["new_password"] = "a much longer password"
        self.assertEqual(person.ask("PUT", "/api/me/password", change).status, 204)
        self.assertEqual(person.get("/api/me").status, 200)
        self.assertEqual(again.get("/api/me").status, 401)

    # -- the incident --

    def test_incident_names_the_machine_and_says_what_is_so(self):
        i = self.incident()
        self.assertEqual((i["count"], i["blocked_count"], i["verdict"], i["level"], i["kind"]), (14, 14, "blocked", "red", "c2"))
        d = i["device"]
        self.assertEqual((d["mac"], d["maker"], d["hostname"], d["label"]), ("02:00:5e:10:00:02", "NEC", "KEIRI-02", "KEIRI-02"))
        self.assertIn("14回とも装置が止めました", i["stopped"]["ja"])
        self.assertIn("all 14 times", i["stopped"]["en"])
        self.assertLessEqual(len(i["what_to_do"]), 3)
        self.assertEqual((i["opened_by"], i["threat_direction"]), ("lan", "inside_out"))
        self.assertEqual(i["technical"]["flows"], ["1234567890123456789"])
        rule = i["technical"]["rules"][0]
        self.assertEqual((rule["sid"], rule["count"], rule["message"]), (2000001, 14, "ET MALWARE Gh0st RAT CnC Beacon"))
        events = self.manager.get(f"/api/incidents/{i['id']}/events?limit=10").json
        self.assertEqual(len(events["items"]), 10)
        self.assertEqual(events["items"][0]["eve"]["flow_id"], "1234567890123456789")
        rest = self.manager.get(f"/api/incidents/{i['id']}/events?limit=10&cursor={events['next_cursor']}").json
        self.assertEqual((len(rest["items"]), rest["next_cursor"]), (4, None))
        notices = self.manager.get(f"/api/incidents/{i['id']}/notices").json["items"]
        self.assertEqual([n["recipient"] for n in notices], ["yamada@example.jp"])
        self.assertIn("KEIRI-02", notices[0]["subject"])
        self.assertEqual(notices[0]["state"], "waiting")  # no relay is set here

    def test_incident_fields_are_those_of_the_contract(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("python3-yaml is not here")
        with open(os.path.join(TOP, "openapi.yaml"), encoding="utf-8") as f:
            schemas = yaml.safe_load(f)["components"]["schemas"]
        i = self.incident()
        gateway = self.manager.get("/api/gateways").json["items"][0]
        notice = self.manager.get("/api/notices").json["items"][0]
        event = self.manager.get(f"/api/incidents/{i['id']}/events").json["items"][0]
        firm = self.manager.get(f"/api/firms/{self.first['firm']}").json
        for name, value in (("Incident", i), ("Device", i["device"]), ("Technical", i["technical"]), ("Text", i["title"]),
                            ("Gateway", gateway), ("Notice", notice), ("Event", event), ("Firm", firm),
                            ("Summary", self.manager.get("/api/summary").json), ("Me", self.manager.get("/api/me").json)):
            with self.subTest(name):
                self.assertEqual(set(schemas[name]["required"]) - set(value), set())
                self.assertEqual(set(value) - set(schemas[name]["properties"]), set())

    def test_life_of_an_incident(self):
        self.center.send(self.first["gateway"], [beacon(mac="02:00:5e:10:00:44")], 1, "life")
        i = self.incident()
        self.assertEqual(i["state"], "new")
        at = f"/api/incidents/{i['id']}"
        self.problem(self.customer.post(at + "/acknowledge"), 403, "forbidden")
        seen = self.manager.post(at + "/acknowledge")
        self.assertEqual((seen.status, seen.json["state"], seen.json["acknowledged"]["by"]), (200, "acknowledged", "kou"))
        self.problem(self.manager.post(at + "/acknowledge"), 409, "conflict")
        self.problem(self.manager.post(at + "/resolve", {"state": "new"}), 422, "invalid")
        over = self.manager.post(at + "/resolve", {"state": "resolved", "note": "初期化しました"})
        self.assertEqual((over.json["state"], over.json["resolved"]["note"]), ("resolved", "初期化しました"))
        self.problem(self.manager.post(at + "/resolve", {"state": "resolved"}), 409, "conflict")
        listed = self.manager.get("/api/incidents?state=resolved&level=red").json["items"]
        self.assertEqual([one["id"] for one in listed], [i["id"]])

    def test_devices(self):
        d = self.incident()["device"]
        at = f"/api/devices/{d['id']}"
        named = self.customer.ask("PATCH", at, {"name": "経理のPC", "place": "窓側の机"})
        self.assertEqual((named.status, named.json["label"]), (200, "経理のPC"))
        self.assertEqual(self.customer.ask("PATCH", at, {"name": None}).json["label"], "KEIRI-02")
        self.problem(self.customer.post(at + "/isolate", {"reason": "x"}), 403, "forbidden")
        self.problem(self.manager.post(at + "/isolate", {"reason": ""}), 422, "invalid")
        self.problem(self.manager.post(at + "/isolate", {"reason": "x", "hours": 0}), 422, "invalid")
        cut = self.manager.post(at + "/isolate", {"reason": "感染の疑い"})
        self.assertEqual((cut.status, cut.json["isolation"]["state"], cut.json["isolation"]["by"]), (202, "ordered", "center"))
        self.assertEqual(len(self.manager.get("/api/devices?isolated=true").json["items"]), 1)
        self.assertEqual(self.manager.post(at + "/release").json["isolation"]["state"], "release_ordered")

    # -- borders --

    def test_firms_do_not_see_each_other(self):
        i = self.incident()
        paths = [f"/api/incidents/{i['id']}", f"/api/incidents/{i['id']}/events", f"/api/incidents/{i['id']}/notices",
                 f"/api/devices/{i['device']['id']}", f"/api/gateways/{self.first['gateway']}",
                 f"/api/firms/{self.first['firm']}"]
        for path in paths:
            with self.subTest(path):
                self.assertEqual(self.manager.get(path).status, 200)
                self.assertEqual(self.analyst.get(path).status, 200)
                self.problem(self.other.get(path), 404, "not_found")
        for path, body in ((f"/api/incidents/{i['id']}/acknowledge", None),
                           (f"/api/incidents/{i['id']}/resolve", {"state": "resolved"}),
                           (f"/api/devices/{i['device']['id']}/isolate", {"reason": "x"}),
                           (f"/api/devices/{i['device']['id']}/release", None),
                           (f"/api/firms/{self.first['firm']}/contacts", {"name": "x", "mail": "x@example.jp"})):
            with self.subTest(path):
                self.problem(self.other.post(path, body), 404, "not_found")
        self.problem(self.other.ask("PATCH", f"/api/devices/{i['device']['id']}", {"name": "x"}), 404, "not_found")
        for path in ("/api/incidents", "/api/devices", "/api/notices", f"/api/incidents?firm={self.first['firm']}"):
            self.assertEqual(self.other.get(path).json["items"], [], path)
        self.assertEqual([f["id"] for f in self.other.get("/api/firms").json["items"]], [self.second["firm"]])

    def test_roles(self):
        for session in (self.manager, self.customer, self.other, self.analyst):
            self.problem(session.get("/api/users"), 403, "forbidden")
            self.problem(session.post("/api/users", {}), 403, "forbidden")
            self.problem(session.post("/api/firms", {"name": "x", "site": "x"}), 403, "forbidden")
            self.problem(session.post(f"/api/gateways/{self.first['gateway']}/claim-code"), 403, "forbidden")
            self.problem(session.post(f"/api/gateways/{self.first['gateway']}/revoke"), 403, "forbidden")
        self.assertEqual(self.admin.get("/api/users").status, 200)

    def test_a_reseller_reaches_its_own_firms_only(self):
        reseller = self.admin.post("/api/organisations", {"kind": "reseller", "name": "再販社"}).json
        person = self.center.new_user("saihan", "reseller", reseller["id"])
        firm = person.post("/api/firms", {"name": "丙社", "site": "本社"})
        self.assertEqual((firm.status, firm.json["reseller"]["id"]), (201, reseller["id"]))
        gateway = person.post("/api/gateways", {"site_id": firm.json["sites"][0]["id"], "name": "装置"})
        self.assertEqual((gateway.status, gateway.json["state"]), (201, "never"))
        code = person.post(f"/api/gateways/{gateway.json['id']}/claim-code")
        self.assertRegex(code.json["code"], r"^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$")
        self.problem(person.post("/api/gateways", {"site_id": self.first["site"], "name": "x"}), 404, "not_found")
        self.assertEqual([f["name"] for f in person.get("/api/firms").json["items"]], ["丙社"])

    def test_users(self):
        new = {"login": "eve", "name": "Eve", "role": "customer", "password": "long enough password",
               "organisation_id": self.first["firm"]}
        self.assertEqual(self.admin.post("/api/users", new).status, 201)
        self.problem(self.admin.post("/api/users", new), 409, "conflict")
        self.problem(self.admin.post("/api/users", dict(new, login="eve2", role="emperor")), 422, "invalid")
        self.problem(self.admin.post("/api/users", dict(new, login="eve2", role="reseller")), 422, "invalid")
        self.problem(self.admin.post("/api/users", dict(new, login="eve2", password="short")), 422, "invalid")

    # -- limits and faults --

    def test_bodies(self):
        big = b'{"login":"' + b"a" * (1 << 20) + b'"}'
        deep = b"[" * 17 + b"]" * 17
        self.problem(self.admin.post("/api/session", raw=big), 413, "too_large")
        self.problem(self.admin.post("/api/session", raw=deep), 400, "bad_json")
        for raw in (b"{", b"[]", b"null", b"\xff", b'{"a":1,"a":2}', b'{"a":"\\u0000"}', b" "):
            self.problem(self.admin.post("/api/session", raw=raw), 400, "bad_json")

    def test_a_chunked_body_has_the_same_limit(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.center.port, timeout=20)
        connection.request("POST", "/api/session", iter([b" " * 65536] * 24), {"Content-Type": "application/json"},
                           encode_chunked=True)
        answer = connection.getresponse()
        self.assertEqual((answer.status, json.loads(answer.read())["code"]), (413, "too_large"))
        connection.close()

    def test_faults(self):
        self.problem(self.admin.get("/api/nothing"), 404, "not_found")
        self.problem(self.admin.get("/api/incidents/xyz"), 404, "not_found")
        answer = self.admin.ask("DELETE", "/api/incidents")
        self.problem(answer, 405, "method")
        self.assertEqual(answer.heads["Allow"], "GET")
        for query in ("limit=0", "limit=201", "limit=x", "cursor=x", "level=purple", "state=x", "firm=x", "device=x"):
            self.problem(self.admin.get("/api/incidents?" + query), 400, "bad_request")

    def test_foreign_bytes_do_not_hurt(self):
        for text in (b"GET\r\n\r\n", b"\0\0\0\0", b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.0\r\n\r\n",
                     b"GET /" + b"a" * 5000 + b" HTTP/1.0\r\n\r\n", b"POST /api/session HTTP/1.0\r\nContent-Length: -1\r\n\r\n",
                     b"GET /api/me HTTP/1.0\r\nCookie: otasuke_session=" + b"A" * 20000 + b"\r\n\r\n"):
            self.assertNotIn(b"root:", raw_request(self.center.port, text))
        self.assertEqual(self.admin.get("/healthz").status, 200)

    def test_heads(self):
        heads = self.admin.get("/healthz").heads
        self.assertIn("default-src 'self'", heads["Content-Security-Policy"])
        self.assertEqual((heads["X-Content-Type-Options"], heads["X-Frame-Options"]), ("nosniff", "DENY"))

    def test_health_and_contract(self):
        stranger = Session(self.center.base)
        self.assertEqual(stranger.get("/healthz").json["status"], "pass")
        self.assertEqual(stranger.get("/readyz").json["status"], "warn")  # no mail relay
        with open(os.path.join(TOP, "openapi.yaml"), "rb") as f:
            self.assertEqual(stranger.get("/api/openapi.yaml").body, f.read())

    def test_every_operation_of_the_contract_is_there(self):
        stranger = Session(self.center.base)
        text = stranger.get("/api/openapi.yaml").body.decode()
        count = 0
        for path, body in OPERATIONS.findall(text):
            for method in re.findall(r"^    (get|post|put|patch|delete):", body, re.M):
                concrete = re.sub(r"\{\w+\}", "0" * 26, path)
                answer = stranger.ask(method.upper(), concrete, {} if method in ("post", "put", "patch") else None)
                with self.subTest(path=path, method=method):
                    self.assertIn(answer.status, (200, 400, 401))
                count += 1
        self.assertGreater(count, 30)

    # -- live --

    def test_live_changes_reach_those_who_may_know(self):
        device = self.incident()["device"]["id"]
        streams = {}
        for name, session in (("mine", self.manager), ("other", self.other), ("analyst", self.analyst)):
            # the beat of an idle stream comes every 15 s: who hears nothing but it within 3 s was told nothing
            c = http.client.HTTPConnection("127.0.0.1", self.center.port, timeout=3 if name == "other" else 30)
            c.request("GET", "/api/stream", headers={"Cookie": session.cookie})
            r = c.getresponse()
            self.assertEqual(r.headers["Content-Type"], "text/event-stream")
            self.assertEqual(r.readline(), b"retry: 3000\n")
            streams[name] = (c, r)
        self.manager.ask("PATCH", f"/api/devices/{device}", {"place": "2階"})
        for name in ("mine", "analyst"):
            lines = [streams[name][1].readline() for _ in range(3)]
            self.assertEqual(lines[1], b"event: device\n", name)
            self.assertEqual(json.loads(lines[2][6:]), {"id": device, "firm_id": self.first["firm"]})
        with self.assertRaises(TimeoutError):
            while True:
                self.assertNotIn(b"event", streams["other"][1].readline())
        for c, _ in streams.values():
            c.close()
        self.problem(Session(self.center.base).get("/api/stream"), 401, "not_logged_in")


class Files(unittest.TestCase):
    def test_console_files(self):
        center = Center()
        center.stop()
        folder = os.path.join(center.folder, "console")
        os.makedirs(os.path.join(folder, "assets"))
        for name, text in (("index.html", "<title>見守り</title>"), ("assets/a1.js", "1"), (".secret.txt", "no"),
                           ("assets/odd.exe", "no")):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(text)
        os.symlink("/etc/passwd", os.path.join(folder, "link.txt"))
        center.options = ("--console", folder)
        center.start()
        s = Session(center.base)
        for path, status, kind in (("/", 200, "text/html; charset=utf-8"), ("/incidents/01X", 200, "text/html; charset=utf-8"),
                                   ("/assets/a1.js", 200, "text/javascript; charset=utf-8"), ("/assets/none.js", 404, None),
                                   ("/.secret.txt", 404, None), ("/link.txt", 404, None), ("/assets/odd.exe", 404, None),
                                   ("/api/x", 404, None)):
            with self.subTest(path):
                answer = s.get(path)
                self.assertEqual(answer.status, status)
                if kind:
                    self.assertEqual(answer.heads["Content-Type"], kind)
        self.assertIn("immutable", s.get("/assets/a1.js").heads["Cache-Control"])
        self.assertNotIn(b"root:", raw_request(center.port, b"GET /assets/../../../../etc/passwd HTTP/1.0\r\n\r\n"))
        self.assertEqual(center.close(), 0)


class Restart(unittest.TestCase):
    def test_kill_and_start_again(self):
        center = Center()
        firm = center.new_firm("甲社")
        admin = center.session()
        for n in range(5):
            center.send(firm["gateway"], [beacon()] * 100, n * 100 + 1)
        center.kill()
        center.start()
        again = center.session()
        admin.base = center.base
        self.assertEqual(admin.get("/api/me").status, 200)  # the session outlived it too
        self.assertEqual(center.send(firm["gateway"], [beacon()] * 100, 401), ["500", "0", "100", "0"])
        self.assertEqual(again.get("/api/incidents").json["items"][0]["count"], 500)
        self.assertIn("everything", center.run("check"))
        second = os.path.join(center.folder, "copy.db")
        center.run("backup", "--to", second)
        self.assertGreater(os.path.getsize(second), 100000)
        self.assertEqual(center.close(), 0)

    def test_a_second_daemon_over_the_same_folder_is_refused(self):
        center = Center()
        with self.assertRaisesRegex(RuntimeError, "another mimamori serves"):
            twin = Center.__new__(Center)
            twin.__dict__.update(center.__dict__)
            try:
                twin.start()
            finally:
                twin.process.wait(10)
                twin.process.stdout.close()
                twin.log.close()
        wait_for(lambda: Session(center.base).get("/healthz").status == 200)
        self.assertEqual(center.close(), 0)
