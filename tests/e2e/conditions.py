"""A model of conditional requests, written from RFC 9110 (sections 8.8, 12.5.3,
13 and 14) and from what README.md says where the standard leaves a choice.  It
shares nothing with the program, and knows a member by the bytes of its forms."""

import dataclasses
import gzip
import itertools
import random
import re

EARLIER = "Wed, 03 Mar 2021 05:06:08 GMT"
LATER = "Fri, 05 Mar 2021 05:06:08 GMT"
OTHER = '"other"'

# Accept-Encoding, and the codings that it allows, the best first.
ACCEPTED = {
    None: ["identity"],
    "": ["identity"],
    "br": ["identity"],
    "identity": ["identity"],
    "gzip;q=0": ["identity"],
    "gzip": ["gzip", "identity"],
    "x-gzip": ["gzip", "identity"],
    "*": ["gzip", "identity"],
    "gzip;q=0.5, identity;q=0.8": ["identity", "gzip"],
    "gzip, identity;q=0": ["gzip"],
    "gzip, *;q=0": ["gzip"],
}

# Placeholders for the member's tags are filled in later.
TAGS = ["I", "G", "W/I", "W/G", f"{OTHER}, I", f"G , {OTHER}", "I,G", OTHER,
        "*", "junk"]
DATES = [EARLIER, "SAME", LATER, "junk"]
RANGES = ["bytes=0-9", "bytes=5-", "bytes=-7", "bytes=0-", "bytes=9999999-",
          "bytes=-0", "bytes=5-2", "lines=0-9", "bytes=0-99999999"]
CHOICES = {
    "Accept-Encoding": list(ACCEPTED)[1:],
    "If-Match": TAGS,
    "If-Unmodified-Since": DATES,
    "If-None-Match": TAGS,
    "If-Modified-Since": DATES,
    "If-Range": ["I", "G", "W/I", "W/G", OTHER, *DATES],
    "Range": RANGES,
}
METHODS = ["GET"] * 6 + ["HEAD"] * 2 + ["POST", "OPTIONS"]


@dataclasses.dataclass
class Member:
    """What a member is known by: bytes and entity tag of each coding."""

    path: str
    forms: dict
    tags: dict
    modified: str

    def fill(self, value):
        coded = self.tags.get("gzip", '"none"')
        words = {"I": self.tags["identity"], "G": coded, "SAME": self.modified}
        return re.sub(r"\b(I|G|SAME)\b", lambda match: words[match[0]], value)


def look_up(client, path, content, deflated):
    """The Member at path, its content compared."""
    forms, tags = {}, {}
    for coding in ["identity", "gzip"][: 1 + deflated]:
        got = client.ask(path, headers=[("Accept-Encoding", coding)])
        plain = gzip.decompress(got.body) if coding == "gzip" else got.body
        assert (got.status, plain) == (200, content), got
        assert re.fullmatch(r'"[^"]+"', got.get("ETag")), got
        forms[coding], tags[coding] = got.body, got.get("ETag")
    assert len(set(tags.values())) == len(tags), tags
    return Member(path, forms, tags, got.get("Last-Modified"))


def requests(members, count, seed):
    """So many of (member, method, fields).  All pairs of one condition and one
    method come first, the rest by chance."""
    chance = random.Random(seed)
    for member, (name, values) in itertools.product(members, CHOICES.items()):
        for value in values:
            yield member, "GET", {name: member.fill(value)}
    for _ in range(count):
        member = chance.choice(members)
        fields = {
            name: member.fill(chance.choice(values))
            for name, values in CHOICES.items() if chance.random() < 0.5}
        yield member, chance.choice(METHODS), fields


def names(field, tag, weak=False):
    """A list of entity tags has this one (8.8.3.2), which is strong."""
    if field == "*":
        return True
    listed = re.findall(r'(W/)?("[^"]*")', field)
    return any(of == tag and (weak or not mark) for mark, of in listed)


def select(member, method, fields):
    """The coding of the selected representation; None without any (406)."""
    allowed = [coding for coding in ACCEPTED[fields.get("Accept-Encoding")]
               if coding in member.forms]
    if method != "GET" or "Range" not in fields or not allowed:
        return allowed[0] if allowed else None
    # README: with Range it is the one that If-Match or If-Range names, and
    # identity where no tag says otherwise.
    if "If-Match" in fields:
        allowed = [coding for coding in allowed
                   if names(fields["If-Match"], member.tags[coding])] or allowed
    wanted = fields.get("If-Range", "")
    for coding in allowed:
        if member.tags[coding] == wanted:
            return coding
    if '"' not in wanted and "identity" in allowed:
        return "identity"
    return allowed[0]


def order(member, date):
    """-1, 0, 1: the date is before, at or after the member's; None: no date."""
    return {EARLIER: -1, member.modified: 0, LATER: 1}.get(date)


def precondition(member, coding, fields):
    """13.2.2, steps 1 to 4: 412, 304, or None to go on."""
    tag = member.tags[coding]
    if "If-Match" in fields:
        if not names(fields["If-Match"], tag):
            return 412
    elif order(member, fields.get("If-Unmodified-Since")) == -1:
        return 412
    if "If-None-Match" in fields:
        return 304 if names(fields["If-None-Match"], tag, weak=True) else None
    # README: exactly this date, since a return to an older archive is a change.
    if order(member, fields.get("If-Modified-Since")) == 0:
        return 304
    return None


def span(field, size):
    """14.1: half open; None: to be ignored; (): not satisfiable."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", field)
    if match is None or not match[1] + match[2]:
        return None
    if not match[1]:
        return (max(0, size - int(match[2])), size) if int(match[2]) else ()
    first = int(match[1])
    if match[2] and int(match[2]) < first:
        return None
    end = min(int(match[2]) + 1, size) if match[2] else size
    return (first, end) if first < size else ()


def answer(member, method, fields):
    """(status, coding, span): of the form in coding, the bytes of span."""
    if method not in ("GET", "HEAD"):
        return (204 if method == "OPTIONS" else 405), None, None
    coding = select(member, method, fields)
    if coding is None:
        return 406, None, None
    status = precondition(member, coding, fields)
    if status is not None:
        return status, coding, None
    size = len(member.forms[coding])
    whole = 200, coding, (0, size)
    if method != "GET" or "Range" not in fields:
        return whole
    # 13.1.5: strong comparison, or exactly the date.
    if_range = fields.get("If-Range", member.modified)
    if if_range not in (member.tags[coding], member.modified):
        return whole
    part = span(fields["Range"], size)
    if part is None:
        return whole
    return (206, coding, part) if part else (416, coding, None)


def judge(got, member, method, wanted):
    """What is wrong with the answer, in words; None."""
    status, coding, part = wanted
    if got.status != status:
        return f"{status} wanted"
    if method == "HEAD" or status in (204, 304):
        if got.body:
            return "a body"
    if status in (200, 206, 304) and got.get("ETag") != member.tags[coding]:
        return f"the tag of {coding} wanted"
    several = "Accept-Encoding" if len(member.forms) > 1 else None
    if status in (200, 206, 304) and got.get("Vary") != several:
        return f"Vary: {several} wanted"
    if status in (200, 206):
        return judge_form(got, member, method, wanted)
    size = f"bytes */{len(member.forms[coding])}" if status == 416 else None
    if got.get("Content-Range") != size:
        return f"Content-Range: {size} wanted"
    return None


def judge_form(got, member, method, wanted):
    status, coding, (first, end) = wanted
    form = member.forms[coding]
    if (got.get("Content-Encoding") or "identity") != coding:
        return f"{coding} wanted"
    if got.get("Content-Length") != str(end - first):
        return f"a length of {end - first} wanted"
    if method == "GET" and got.body != form[first:end]:
        return f"bytes {first}-{end} of {coding} wanted"
    field = f"bytes {first}-{end - 1}/{len(form)}" if status == 206 else None
    if got.get("Content-Range") != field:
        return f"Content-Range: {field} wanted"
    return None


def faults(client, members, count, seed, excused=lambda *_: False):
    """Ask so many, and say what is wrong.  excused(method, fields, wanted, got)
    tells which deviations a front end is known for."""
    asked, wrong = 0, []
    for member, method, fields in requests(members, count, seed):
        got = client.ask(member.path, method, list(fields.items()),
                         b"" if method == "POST" else None)
        wanted = answer(member, method, fields)
        fault = judge(got, member, method, wanted)
        if fault and not excused(method, fields, wanted, got):
            wrong.append(f"{fault}: {method} {member.path} {fields}: {got}")
        asked += 1
    return asked, wrong
