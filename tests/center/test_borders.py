"""Every operation of the contract, asked by people of every role that have no business with a firm, with that firm's own ids: nothing
is told and nothing is changed. What each role may do in its own firms is in test_api.py."""
import json
import os
import re
import sqlite3
import unittest

from center import Center, beacon

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OPERATIONS = re.compile(r"^  (/\S+):\n((?:    .*\n|\n)+)", re.M)
# what belongs to the asking person alone, or to nobody
OWN = ("/api/session", "/api/me", "/api/me/password", "/api/openapi.yaml", "/healthz", "/readyz", "/api/stream")
HOMES = {"reseller": "reseller", "responder": "responder", "agent": "agent", "insurer": "insurer"}


def operations():
    with open(os.path.join(TOP, "openapi.yaml"), encoding="utf-8") as f:
        for path, body in OPERATIONS.findall(f.read()):
            if path not in OWN:
                for method in re.findall(r"^    (get|post|put|patch|delete):", body, re.M):
                    yield method.upper(), path


class Borders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.center = Center()
        cls.firm = cls.center.new_firm("秘密商店", "--mail", "himitsu@example.jp", "--phrase", "ひみつの言葉")
        cls.other = cls.center.new_firm("乙社")
        cls.admin = cls.center.session()
        cls.center.send(cls.firm["gateway"], [beacon()] * 3)
        incident = cls.admin.get("/api/incidents").json["items"][0]
        cls.ids = {"incidents": incident["id"], "devices": incident["device"]["id"], "gateways": cls.firm["gateway"],
                   "firms": cls.firm["firm"]}
        cls.people = {role: cls.center.new_user(role, role, cls.other["firm"]) for role in ("manager", "customer")}
        for role, kind in HOMES.items():
            home = cls.admin.post("/api/organisations", {"kind": kind, "name": kind + "社"}).json
            cls.people[role] = cls.center.new_user(role, role, home["id"])

    @classmethod
    def tearDownClass(cls):
        code = cls.center.stop()
        cls.center.close()
        assert code == 0

    def body_for(self, path):
        """One that would do something, were it allowed."""
        if path.endswith("/users"):
            return {"login": "intruder", "name": "x", "role": "manager", "password": "long enough password",
                    "organisation_id": self.firm["firm"]}
        if path.endswith("/organisations"):
            return {"kind": "reseller", "name": "x"}
        return {"name": "x", "mail": "x@example.jp", "site": "x", "site_id": self.firm["site"], "reason": "x", "hours": 1,
                "state": "resolved", "place": "x"}

    def snapshot(self):
        with sqlite3.connect(os.path.join(self.center.data, "mimamori.db")) as db:
            return {table: db.execute(f"SELECT * FROM {table} WHERE firm_id = ? ORDER BY 1, 2", (self.firm["firm"],)).fetchall()
                    for table in ("firm", "reach", "site", "contact", "gateway", "device", "incident", "notice", "claim")}

    def test_no_role_crosses_into_another_firm(self):
        secrets = [self.firm["firm"], self.firm["site"], "秘密商店", "himitsu@example.jp", "ひみつの言葉", *self.ids.values()]
        before = self.snapshot()
        asked = 0
        for method, path in operations():
            thing = path.split("/")[2]
            concrete = re.sub(r"\{\w+\}", self.ids.get(thing, self.firm["firm"]), path)
            for role, person in self.people.items():
                body = self.body_for(path) if method in ("POST", "PUT", "PATCH") else None
                if role == "reseller" and (method, path) == ("POST", "/api/firms"):
                    continue # its own new firm: its business
                answer = person.ask(method, concrete, body)
                asked += 1
                with self.subTest(role=role, method=method, path=path):
                    if "{" in path or method != "GET":
                        self.assertIn(answer.status, (403, 404))
                    told = answer.body.decode().replace(json.dumps(concrete), "")
                    for secret in secrets:
                        self.assertNotIn(secret, told)
        self.assertGreater(asked, 150)
        self.assertEqual(self.snapshot(), before)

    def test_filters_do_not_open_a_door(self):
        for role, person in self.people.items():
            for path in ("incidents", "devices", "gateways", "notices"):
                for query in (f"?firm={self.firm['firm']}", f"?cursor=9999999999999999.{self.ids['incidents']}"):
                    answer = person.get(f"/api/{path}{query}")
                    with self.subTest(role=role, path=path, query=query):
                        self.assertNotIn("秘密商店", answer.body.decode())
                        self.assertIn(answer.status, (200, 403, 404))


if __name__ == "__main__":
    unittest.main()
