"""Which encoding a text of another script than the Latin one is written in, where it is no UTF-8. Used by probe.py."""

from __future__ import annotations

import re

LOOKED_AT = 200_000  # bytes
# the encodings that are tried, in this order, and the letters that most of what is no ASCII must be
SCRIPTS = (
    ("shift_jis", r"[\u3040-\u309f]", 0.15),  # hiragana, which other scripts hardly ever give when they are misread
    ("euc_jp", r"[\u3040-\u309f]", 0.15),
    ("euc_kr", r"[\uac00-\ud7a3]", 0.9),
    ("gb18030", r"[\u4e00-\u9fff]", 0.7),
    ("cp1251", r"[\u0430-\u044f\u0451]", 0.7),  # small Cyrillic letters: koi8_r read as cp1251 gives capital ones
    ("koi8_r", r"[\u0430-\u044f\u0451]", 0.7),
)


def other_script(data: bytes) -> str:
    """The encoding of a text that is mostly no ASCII; "" where its letters are mostly Latin, or mostly UTF-8 after all.

    >>> other_script("\u0434\u043e\u043c ".encode("cp1251") * 9), other_script("M\u00fcnchen ".encode("cp1252") * 9)
    ('cp1251', '')
    """
    head = data[:LOOKED_AT].rpartition(b"\n")[0] or data[:LOOKED_AT]
    high, latin = len(re.findall(rb"[\x80-\xff]", head)), len(re.findall(rb"[A-Za-z]", head))
    valid = len(re.findall(rb"[\x80-\xff]", head.decode("utf-8", "ignore").encode("utf-8")))
    if high < 0.3 * (high + latin) or valid > 0.5 * high:
        return ""
    for name, letters, share in SCRIPTS:
        try:
            text = re.sub(r"[\x00-\x7f]+", "", head.decode(name))
        except UnicodeDecodeError:
            continue
        if len(re.findall(letters, text)) >= share * len(text):
            return name
    return ""
