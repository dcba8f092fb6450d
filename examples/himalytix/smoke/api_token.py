"""Logs in by the API of the address that is given, and asks who that is with the token. Name and password come from the environment."""
import json
import os
import sys
from urllib.request import Request, urlopen

who = {"username": os.environ.get("ERP_USER", "admin"), "password": os.environ.get("ERP_PASSWORD", "test")}


def ask(path, body=None, **headers):
    """The JSON of an answer; fails where there is none."""
    with urlopen(Request(sys.argv[1] + path, body, headers), timeout=10) as answer:
        return json.load(answer)


token = ask("/api/v1/auth/login/", json.dumps(who).encode())["token"]
if ask("/api/v1/users/me/", Authorization=f"Bearer {token}")["username"] != who["username"]:
    sys.exit("the token is somebody else's")
