"""What schemathesis is told about HTTP and about us that a document cannot say."""

import datetime
import re

import schemathesis

IDENTIFIER = re.compile(r"[A-Za-z0-9_.:-]{1,64}\Z")
INSTANT = re.compile(r"\d{4}-[01]\d-[0-3]\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")
ANYTHING = re.compile("")
TEXT = re.compile(r".{1,40}\Z", re.DOTALL)
RIGHT = {"merchantId": IDENTIFIER, "locationId": IDENTIFIER, "plu": TEXT, "provider": TEXT, "task": TEXT}
# What exists in the demo. Only texts that are right already are replaced, so what is wrong on purpose stays wrong.
KNOWN = {
    "merchantId": "demo-merchant",
    "locationId": "brasserie-du-port",
    "timeZone": "Europe/Brussels",
    "gateway": "kassanet",
    "plu": "101",
    "provider": "vanhoutte",
    "task": "lease-sweep",
}


def made_known(value):
    """The value with names of things that exist, so that requests get beyond "there is no such merchant"."""
    if isinstance(value, list):
        return [made_known(element) for element in value]
    if not isinstance(value, dict):
        return value
    known = {name: made_known(member) for name, member in value.items()}
    for name, text in KNOWN.items():
        if isinstance(known.get(name), str) and RIGHT.get(name, ANYTHING).match(known[name]):
            known[name] = text
    if isinstance(known.get("notAfter"), str) and INSTANT.match(known["notAfter"]):
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=30)
        known["notAfter"] = soon.strftime("%Y-%m-%dT%H:%M:%SZ")
    return known


@schemathesis.hook
def filter_case(context, case):
    """Keeps back requests that are "wrong" only for a header nobody declared: every HTTP server takes those."""
    return not any(name.lower().startswith("x-schemathesis") for name in case.headers or {})


@schemathesis.hook
def map_body(context, body):
    """Turns three of four bodies towards what exists; the others show that strangers are told apart."""
    return body if len(repr(body)) % 4 == 0 else made_known(body)
