"""What a terminal shows of a log: a second implementation of the rules in
src/serve/ansi.h, by regular expressions on text."""

import codecs
import re

CELLS = 16384
BLANK = (" ", frozenset())

# A line consists of these; everything else is a character to show.
TOKEN = re.compile(
    r"\x1b\[(?P<body>[ -?]*)(?P<final>[@-~]?)"
    r"|\x1b[]PX^_](?:[^\x07\x18\x1a\x1b]*)(?:[\x07\x18\x1a])?"
    r"|\x1b[ -/]+[0-~]?"
    r"|\x1b(?P<escape>[0-~]?)"
    r"|(?P<control>[\x00-\x08\x0a-\x1f\x7f-\x9f\ufeff])"
)

NO_CHARACTER = re.compile(
    "[\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | low)
              for plane in range(17) for low in (0xFFFE, 0xFFFF))
    + "]"
)

LEVELS = [0, 95, 135, 175, 215, 255]
PALETTE = {
    16 + 36 * r + 6 * g + b: (LEVELS[r], LEVELS[g], LEVELS[b])
    for r in range(6) for g in range(6) for b in range(6)
} | {232 + i: (8 + 10 * i,) * 3 for i in range(24)}

ATTRIBUTES = {1: "bo", 2: "di", 3: "it", 4: "ul", 7: "inverse", 9: "st",
              21: "ul"}
ENDS = {22: ("bo", "di"), 23: ("it",), 24: ("ul",), 27: ("inverse",),
        29: ("st",)}
BASE = {first + i: (kind, offset + i)
        for first, kind, offset in ((30, "f", 0), (40, "b", 0), (90, "f", 8),
                                    (100, "b", 8))
        for i in range(8)}


def nearest(rgb):
    """The colour next to rgb; of several the last in the cube."""
    return min(PALETTE, key=lambda n: (
        sum((a - b) ** 2 for a, b in zip(PALETTE[n], rgb)), n >= 232, -n))


def colour(kind, values):
    """The number of a colour "5;N" or "2;R;G;B"; None when it is none."""
    if kind == 5 and len(values) == 1 and values[0] < 256:
        return values[0]
    if kind == 2 and len(values) == 3 and max(values) < 256:
        return nearest(values)
    return None


class Terminal:
    """A line, as (character, classes) each, and the style that goes on."""

    def __init__(self):
        self.style = {}
        self.clear()

    def clear(self):
        self.cells, self.at, self.cut = [], 0, False
        self.saved, self.away = None, False

    def write(self, character):
        if self.away:
            return
        if self.at >= CELLS:
            self.cut = True
            return
        self.cells += [BLANK] * (self.at + 1 - len(self.cells))
        self.cells[self.at] = (character, classes(self.style))
        self.at += 1

    def erase(self, what):
        if what == 0:
            del self.cells[self.at:]
            self.cut = self.cut and self.at >= CELLS
        elif what == 1:
            end = min(self.at + 1, len(self.cells))
            self.cells[:end] = [BLANK] * end
        elif what == 2:
            self.cells, self.cut = [], False

    def select(self, body):
        """SGR."""
        found = re.findall(r"(^|[;:])(\d*)", body)
        found = [(sep, min(int(n or 0), 65535)) for sep, n in found]
        while found:
            first, more = found.pop(0)[1], []
            while found and found[0][0] == ":":
                more.append(found.pop(0)[1])
            if first in (38, 48, 58):
                if more:
                    kind, *values = more
                    if kind == 5:
                        values = values[:1]
                    elif len(values) > 3:
                        values = values[1:4]
                else:
                    rest = [n for _, n in found]
                    kind = rest[0] if rest else None
                    size = {5: 1, 2: 3}.get(kind, len(rest))
                    values = rest[1:size + 1]
                    found = found[size + 1:]
                number = colour(kind, values)
                if number is not None and first != 58:
                    self.style["f" if first == 38 else "b"] = number
            elif first == 0:
                self.style = {}
            elif first == 4 and more[:1] == [0]:
                self.style.pop("ul", None)
            elif first in ATTRIBUTES:
                self.style[ATTRIBUTES[first]] = True
            elif first in ENDS:
                for name in ENDS[first]:
                    self.style.pop(name, None)
            elif first in (39, 49):
                self.style.pop("f" if first == 39 else "b", None)
            elif first in BASE:
                kind, number = BASE[first]
                self.style[kind] = number

    def sequence(self, body, final):
        """CSI, when it is one that counts."""
        if re.search("[^0-9;:]", body) or len(re.split("[;:]", body)) > 32:
            return
        if final == "m":
            self.select(body)
        elif final in "su":
            self.save(final == "s")
        numbers = [min(int(n or 0), 65535) for n in re.split("[;:]", body)]
        if final in "Hf":
            self.place((numbers + [1])[1] or 1)
        if self.away:
            return
        if final in "ABEFLMS" or (final == "T" and len(numbers) == 1):
            self.saved = None
        n = numbers[0]
        if final == "K" or (final == "J" and n == 0):
            self.erase(n)
        to = {"G": max(n, 1) - 1, "C": self.at + max(n, 1),
              "D": max(self.at - max(n, 1), 0)}.get(final, self.at)
        self.at = min(to, CELLS)

    def save(self, saves):
        """Text at a fixed place, between saving the cursor and restoring it, is
        not shown."""
        if saves and not self.away:
            self.saved = self.at
        elif not saves:
            self.at = self.at if self.saved is None else self.saved
            self.saved, self.away = None, False

    def place(self, column):
        if self.saved is not None:
            self.away = True
        elif not self.cells:
            self.at = min(column - 1, CELLS)

    def show(self, line):
        """The cells of a line."""
        self.clear()
        at = 0
        while at < len(line):
            token = TOKEN.match(line, at)
            if token is None:
                self.write(NO_CHARACTER.sub("\ufffd", line[at]))
                at += 1
                continue
            at = token.end()
            if token["final"]:
                self.sequence(token["body"], token["final"])
            elif token["escape"] in ("7", "8"):
                self.save(token["escape"] == "7")
            elif self.away:
                continue
            elif token["escape"] == "M":
                self.saved = None
            elif token["control"] == "\r":
                self.at = 0
            elif token["control"] == "\b":
                self.at = max(self.at - 1, 0)
        return self.cells


def classes(style):
    """A style as the classes of the page."""
    out = {name for name in ("bo", "di", "it", "ul", "st") if name in style}
    fore, back = style.get("f"), style.get("b")
    if "inverse" in style:
        if fore is None:
            out.add("in")
        fore, back = back, fore
    if fore is not None:
        out.add(f"f{fore}")
    if back is not None:
        out.add(f"b{back}")
    return frozenset(out)


def windows(error):
    """Bytes that are not UTF-8, as browsers take them for Windows-1252."""
    return "".join(
        bytes([c]).decode("cp1252", errors="ignore") or chr(c)
        for c in error.object[error.start : error.end]), error.end


codecs.register_error("windows", windows)


def is_utf8(log):
    """By a look at the first 16 KiB."""
    head = log[: 16 * 1024]
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, head == log)
    except UnicodeDecodeError:
        return False
    return True


def lines(log):
    """(Cells, cut) of each line of a log, which is bytes."""
    text = log.decode(
        errors="replace" if is_utf8(log) else "windows").split("\n")
    if not text[-1]:
        text.pop()
    terminal = Terminal()
    return [(list(terminal.show(line)), terminal.cut) for line in text]
