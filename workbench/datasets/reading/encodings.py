"""From any encoding to UTF-8, as a stream; and which encoding a file has, guessed from a sample."""

import codecs
from typing import Any

from charset_normalizer import from_bytes
from charset_normalizer.constant import IANA_SUPPORTED

from workbench.datasets.errors import Malformed
from workbench.datasets.reading.packing import CHUNK, Bytes

UTF_8 = "utf_8"
MARKS = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "utf_32"),
    (codecs.BOM_UTF32_BE, "utf_32"),
    (codecs.BOM_UTF16_LE, "utf_16"),
    (codecs.BOM_UTF16_BE, "utf_16"),
)
# What spreadsheets and databases still write, likeliest first. Guesses beyond these are worse
# than asking: a few accented letters fit dozens of encodings.
LIKELY = ["cp1252", "cp1250", "cp1251", "shift_jis", "gb18030", "big5", "euc_kr", "euc_jp"]
LAST_ASCII = 127
FEW = 64  # bytes beyond ASCII below which a guess other than the likeliest is chance
KNOWN = frozenset(IANA_SUPPORTED) - {"utf_7"}


def known(name: str) -> str:
    """The name by which this room knows an encoding; raise Malformed when it does not."""
    plain = name.strip().lower().replace("-", "_")
    for candidate in (plain, plain.replace("windows_", "cp"), _alias(plain)):
        if candidate in KNOWN:
            return candidate
    raise Malformed(f"There is no encoding {name[:40]!r}; choose one such as utf-8 or cp1252.")


def _alias(name: str) -> str:
    from encodings.aliases import aliases  # noqa: PLC0415 (a table of the standard library)

    return {"utf_8_sig": UTF_8, "utf8": UTF_8}.get(name, aliases.get(name, name))


def guessed(sample: bytes) -> str:
    """The encoding that a file's first bytes look like."""
    for mark, encoding in MARKS:
        if sample.startswith(mark):
            return encoding
    if (wide := _wide(sample)) is not None:
        return wide
    try:
        codecs.getincrementaldecoder(UTF_8)().decode(sample)
    except UnicodeDecodeError:
        return _legacy(sample)
    return UTF_8


def _wide(sample: bytes) -> str | None:
    """UTF-16 without a mark: nearly every second byte of a Western text is zero."""
    pairs = len(sample) // 2
    for encoding, high, low in (
        ("utf_16_le", sample[1::2], sample[::2]),
        ("utf_16_be", sample[::2], sample[1::2]),
    ):
        if pairs > 1 and high.count(0) > 0.7 * pairs and low.count(0) < 0.1 * pairs:
            return encoding
    return None


def _legacy(sample: bytes) -> str:
    if sum(octet > LAST_ASCII for octet in sample[:CHUNK]) >= FEW:
        best = from_bytes(sample, cp_isolation=LIKELY, preemptive_behaviour=False).best()
        if best is not None:
            return best.encoding
    try:
        sample.decode(LIKELY[0])
    except UnicodeDecodeError:
        return "latin_1"
    return LIKELY[0]


class Utf8:
    """A file's text in UTF-8, without a mark at its beginning.

    With `returns`, lines end with a carriage return alone, as old Macs wrote them, and are given
    a line feed instead. What is UTF-8 already passes unread.
    """

    def __init__(self, content: Bytes, encoding: str, *, returns: bool = False) -> None:
        """Begin where the content is."""
        self._content = content
        self._encoding = encoding
        self._returns = returns
        self._lines = 1
        self._begun = False
        self._decoder: Any = None
        if encoding != UTF_8:
            self._decoder = codecs.getincrementaldecoder(encoding)()

    def read(self, size: int = CHUNK, /) -> bytes:
        """The next bytes, about `size`, none at the end; raise Malformed when undecodable."""
        while block := self._content.read(size):
            if text := self._converted(block, last=False):
                return text
        return self._converted(b"", last=True)

    def _converted(self, block: bytes, *, last: bool) -> bytes:
        if self._decoder is not None:
            block = self._decoded(block, last=last)
        if self._returns:
            block = block.replace(b"\r", b"\n")
        if not self._begun and block:
            self._begun = True
            block = block.removeprefix(codecs.BOM_UTF8)
        return block

    def _decoded(self, block: bytes, *, last: bool) -> bytes:
        try:
            text: str = self._decoder.decode(block, last)
        except UnicodeDecodeError:
            raise wrong_encoding(self._encoding, self._lines) from None
        self._lines += text.count("\n")
        return text.encode()


def wrong_encoding(encoding: str, line: int) -> Malformed:
    """The error of a text that its encoding cannot explain."""
    name = {UTF_8: "UTF-8"}.get(encoding, encoding)
    return Malformed(
        f"The file is not {name} (near line {line}); say which encoding it has, such as cp1252."
    )
