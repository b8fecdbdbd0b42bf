#!/usr/bin/env python3
"""A subscriber of notifications, on the Python library alone: checks each signature and prints the event.

For a running `make demo`, which tells http://127.0.0.1:18092/hooks of everything, with the secret below:

    python3 docs/examples/subscriber.py

The contract is docs/contracts/notifications.v1.md. `--check` proves the signature on a known example, and ends.
"""

import base64
import hashlib
import hmac
import http.server
import json
import sys
import time

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PORT = 18092


def is_ours(secret, headers, body):
    """Whether one of the signatures is by this secret. The body must be as it came, byte by byte."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.'.encode() + body
    code = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(f"v1,{code}", one) for one in headers["webhook-signature"].split(" "))


def is_fresh(headers):
    """Whether it was sent within the last five minutes: an old one may be somebody's recording."""
    return abs(time.time() - int(headers["webhook-timestamp"])) <= 300


class Subscriber(http.server.BaseHTTPRequestHandler):
    # What was taken already. A real subscriber keeps it in its database, with the work that it does.
    taken = set()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            is_right = is_ours(SECRET, self.headers, body) and is_fresh(self.headers)
        except (AttributeError, KeyError, TypeError, ValueError):
            is_right = False
        self.send_response(204 if is_right else 401)
        self.end_headers()
        if not is_right:
            print("refused: the signature is missing, wrong or too old", flush=True)
            return
        repeated = self.headers["webhook-id"] in self.taken
        self.taken.add(self.headers["webhook-id"])
        event = json.loads(body)
        print(event["timestamp"], event["type"], json.dumps(event["data"]), "(again)" if repeated else "", flush=True)

    def log_message(self, *_):
        pass


def check():
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert is_ours(SECRET, headers, b'{"test": 2432232314}')
    assert not is_ours(SECRET, headers, b'{"test": 2432232315}')
    assert not is_fresh(headers)


if __name__ == "__main__":
    check()
    if "--check" not in sys.argv:
        print(f"Listening on http://127.0.0.1:{PORT}/hooks until Ctrl-C", flush=True)
        try:
            http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Subscriber).serve_forever()
        except KeyboardInterrupt:
            pass
