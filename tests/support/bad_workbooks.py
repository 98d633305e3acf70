"""Workbooks, written by hand: good ones, and such as no program of good will writes."""

import io
import struct
import zipfile
from collections.abc import Mapping
from typing import Literal

Found = dict[str, tuple[bytes, Literal["refused", "partial", "fine"], str]]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
PARTS = {
    "[Content_Types].xml": f"""{HEAD}<Types xmlns="{PACKAGE}/content-types">
        <Default Extension="rels"
            ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
        <Default Extension="xml" ContentType="application/xml"/></Types>""",
    "_rels/.rels": f"""{HEAD}<Relationships xmlns="{PACKAGE}/relationships"><Relationship
        Id="rId1" Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
    "xl/workbook.xml": f"""{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><sheets>
        <sheet name="Trips" sheetId="1" r:id="rId1"/></sheets></workbook>""",
    "xl/_rels/workbook.xml.rels": f"""{HEAD}<Relationships xmlns="{PACKAGE}/relationships">
        <Relationship Id="rId1" Type="{LINKS}/worksheet" Target="worksheets/sheet1.xml"/>
        <Relationship Id="rId2" Type="{LINKS}/sharedStrings" Target="sharedStrings.xml"/>
        <Relationship Id="rId3" Type="{LINKS}/styles" Target="styles.xml"/></Relationships>""",
    "xl/styles.xml": f"""{HEAD}<styleSheet xmlns="{MAIN}"><cellXfs count="2">
        <xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>""",
}
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"


def sheet(rows: str) -> str:
    """The XML of a sheet."""
    return f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def text(place: str, value: str) -> str:
    """A cell with a text of its own."""
    return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'


def workbook(rows: str, parts: Mapping[str, str] | None = None) -> bytes:
    """A workbook of one sheet; parts replace others of the same name or come to them."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**PARTS, SHEET: sheet(rows), **(parts or {})}.items():
            archive.writestr(name, content)
    return target.getvalue()


def strings(*texts: str) -> str:
    """The XML of shared texts."""
    found = "".join(f"<si><t>{value}</t></si>" for value in texts)
    return f'{HEAD}<sst xmlns="{MAIN}">{found}</sst>'


HEADER = f'<row r="1">{text("A1", "carrier")}{text("B1", "delay")}</row>'
GOOD = HEADER + f'<row r="2">{text("A2", "UA")}<c r="B2"><v>5</v></c></row>'
ENTITY = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def with_doctype(doctype: str, entity: str) -> bytes:
    """A workbook of which a cell refers to an entity."""
    rows = HEADER + f'<row r="2">{text("A2", entity)}</row>'
    return workbook("", {SHEET: sheet(rows).replace(HEAD, HEAD + doctype)})


def repeated(count: int, length: int) -> bytes:
    """A workbook whose cells share one long text: small as a file, huge as cells."""
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>1</v></c></row>' for n in range(2, count))
    first = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
    return workbook(first + rows, {STRINGS: strings("carrier", "x" * length)})


def lying(content: bytes, size: int) -> bytes:
    """A workbook whose directory tells another size for each part."""
    patched = bytearray(content)
    start = 0
    while (start := patched.find(b"PK\x01\x02", start)) >= 0:
        patched[start + 24 : start + 28] = struct.pack("<I", size)
        start += 4
    return bytes(patched)


def bomb(megabytes: int) -> bytes:
    """A workbook whose shared texts are as many megabytes of spaces."""
    target = io.BytesIO(workbook(GOOD))
    with (
        zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(STRINGS, "w", force_zip64=True) as part,
    ):
        for _ in range(megabytes):
            part.write(b" " * 1024 * 1024)
    return target.getvalue()


def other(*names: str) -> bytes:
    """An archive that is no workbook."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return target.getvalue()


def twice() -> bytes:
    """A workbook that holds its sheet two times, with other rows."""
    target = io.BytesIO(workbook(GOOD))
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("xl/worksheets/sheet2.xml", sheet(HEADER))
    return target.getvalue().replace(b"xl/worksheets/sheet2.xml", SHEET.encode())


def plain() -> Found:
    """Workbooks that are odd and do no harm, what comes of each, and what is said."""
    error = f'{HEADER}<row r="2">{text("A2", "x")}<c r="B2" t="e"><v>#N/A</v></c></row>'
    dates = (
        f'<row r="1">{text("A1", "flown_on")}</row>'
        '<row r="2"><c r="A2" s="1"><v>46023</v></c></row>'
        f'<row r="3">{text("A3", "2026-02-30")}</row>'
    )
    return {
        "workbook_good": (workbook(GOOD), "fine", ""),
        "workbook_error_cell": (workbook(error), "fine", ""),
        "workbook_dates": (workbook(dates), "partial", "must be a date"),
        "workbook_wrong_cell": (
            workbook(GOOD + f'<row r="3">{text("B3", "many")}</row>'),
            *("partial", "must be a whole number"),
        ),
        "workbook_empty": (workbook(""), "refused", "is empty"),
        "workbook_header_alone": (workbook(HEADER), "fine", ""),
    }


def hostile() -> Found:
    """Workbooks that want to do harm, or are damaged."""
    far = GOOD + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    unmarked = (
        "<row><c><v>1</v></c></row>" + '<row r="900000">' + "<c><v>1</v></c>" * 900 + "</row>"
    )
    hidden = GOOD + '<row r="3"><c x=">" r="XFD1048576"><v>1</v></c></row>'
    unclosed = GOOD + "<row>" + "<c " * 300_000
    return {
        "workbook_hidden_cell": (workbook(hidden), "refused", "a bracket"),
        "workbook_unclosed_tags": (workbook(unclosed), "refused", "a bracket"),
        "workbook_xxe": (with_doctype(ENTITY, "&e;"), "refused", "declares entities"),
        "workbook_laughs": (with_doctype(LAUGHS, "&b;"), "refused", "declares entities"),
        "workbook_xxe_in_strings": (
            workbook(GOOD, {STRINGS: strings("x").replace(HEAD, HEAD + ENTITY)}),
            *("refused", "declares entities"),
        ),
        "workbook_entity_undeclared": (with_doctype("", "&e;"), "refused", ""),
        "workbook_far_cell": (workbook(far), "refused", "spans more than"),
        "workbook_unmarked_cells": (workbook(HEADER + unmarked), "refused", "spans more than"),
        "workbook_shared_text": (repeated(9000, 32_000), "refused", "repeats long texts"),
        "workbook_bomb": (
            bomb(600),
            *("refused", "unpacks to more"),
        ),
        "workbook_lies": (lying(workbook(GOOD), 10), "refused", "damaged"),
        "workbook_cut": (workbook(GOOD)[:-40], "refused", "damaged"),
        "workbook_part_twice": (twice(), "refused", "one twice"),
        "workbook_without_sheet": (
            workbook("", {"xl/workbook.xml": f'{HEAD}<workbook xmlns="{MAIN}"/>'}),
            *("refused", "no sheets"),
        ),
        "workbook_not_xml": (workbook("", {SHEET: "carrier,delay"}), "refused", ""),
        "workbook_utf_16": (
            workbook("", {"xl/workbook.xml": "\ufeff<x/>"}).replace(b"\xef\xbb\xbf", b"\xff\xfe "),
            *("refused", ""),
        ),
        "workbook_outside": (
            workbook(GOOD, {"../../../../tmp/outside": "x"}),
            *("fine", ""),
        ),
        "zip_of_csv": (other("x.csv"), "refused", "a zip archive"),
        "zip_of_ods": (other("content.xml", "mimetype"), "refused", "OpenDocument"),
        "zip_of_xlsb": (other("xl/workbook.bin"), "refused", ".xlsb"),
        "zip_cut": (b"PK\x03\x04" + bytes(50), "refused", "damaged"),
    }


def workbooks() -> Found:
    """Bad workbooks, what comes of each, and what is said."""
    return plain() | hostile()
