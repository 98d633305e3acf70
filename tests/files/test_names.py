"""What files are called and what they are, whatever their senders say."""

import gzip

import pytest

from workbench.files.names import MAX_BYTES, shown
from workbench.files.sniffing import HEAD, media_type


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("flights.csv", "flights.csv"),
        ("Flüge März.csv", "Flüge März.csv"),
        ("Flu\u0308ge.csv", "Flüge.csv"),
        ("archive.tar.gz", "archive.tar.gz"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\x\\report.csv", "report.csv"),
        ("a\0b\r\n.csv", "ab.csv"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("a\u200bb\ufeff.csv", "ab.csv"),
        ("CON", "CON_"),
        ("nul.txt", "nul_.txt"),
        ("con .txt", "con_.txt"),
        ('a<b>:"|?*.txt', "ab.txt"),
        ("trailing. . ", "trailing"),
        (".bashrc", "bashrc"),
        ("\ud800.csv", "csv"),
        *[(nothing, "file") for nothing in ("", " ", ".", "..", "...", "/", "\\", "\0", "\u202e")],
    ],
)
def test_a_name_leads_nowhere_and_hides_nothing(given: str, name: str) -> None:
    """Folders, control characters, turned writing and reserved names go (F1); the rest stays."""
    assert shown(given) == name
    assert shown(name) == name


@pytest.mark.parametrize("letter", ["a", "ä", "飛", "🛫"])
def test_a_long_name_is_cut_before_its_ending(letter: str) -> None:
    """It fits into any file system, is whole letters, and ends as it did."""
    name = shown(letter * 300 + ".csv")
    assert MAX_BYTES - 4 <= len(name.encode()) <= MAX_BYTES
    assert name == letter * (len(name) - 4) + ".csv"
    assert len(shown("a." + "b" * 300).encode()) == MAX_BYTES


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"PK\3\4" + bytes(30), "application/zip"),
        (gzip.compress(b"x", mtime=0), "application/x-gzip"),
        (b"a,b\n1,2\n", "text/plain"),
        (b" \t \n" * 9, "text/plain"),
        (b"   <", "text/plain"),
        (b"  <html>", "text/html"),
        (b"<!DOCTYPE html><p>", "text/html"),
        (b"  \n<script>alert(1)</script>", "text/html"),
        (b"<?xml version='1.0'?><svg onload='alert(1)'/>", "text/xml"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>", "text/plain"),
        (b"PAR1" + bytes(8), "application/octet-stream"),
        (bytes(range(256)), "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_the_first_bytes_say_what_it_is(content: bytes, kind: str) -> None:
    """A page or a drawing is found out whatever it is called (F2); what is unknown is bytes."""
    assert media_type(content[:HEAD]) == kind
