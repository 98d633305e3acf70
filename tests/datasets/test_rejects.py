"""Refused rows: all of them kept, corrected, and sent again."""

import csv
import io
import json
from datetime import date
from pathlib import Path

import pytest

from tests.datasets.importing import Imports
from tests.support import bad_workbooks as workbooks
from tests.support.bad_tables import parquet
from workbench import formulas
from workbench.datasets import rejects
from workbench.datasets.errors import Malformed
from workbench.datasets.reading import Refused
from workbench.datasets.rejects import Rejects
from workbench.datasets.schemas import Reading

pytestmark = [pytest.mark.usefixtures("empty"), pytest.mark.acts_as("engineer")]

FILE = """\
carrier,dest,delay,distance
UA,IAH,1,10
UA,"O""RD
two lines",many,20
AA,=MIA,5,x
AA
B6,BQN,-7,30
"""


def again(content: bytes, *known: str) -> str | None:
    """What a file is read as when it is sent again; None when it is no file of rejects."""
    found = rejects.sent_again(io.BytesIO(content), Reading(), known)
    if found is None:
        return None
    with found[0] as file:
        return file.read().decode()


def parsed(text: str) -> list[list[str]]:
    """The rows of a CSV."""
    return list(csv.reader(io.StringIO(text, newline="")))


# The same two rows as files of every kind that is no text; the second one's delay is none.
COLUMNS = {
    "carrier": ["007", "B6"],
    "dest": ["IAH", "=MIA, or\ntwo"],
    "delay": ["1", "many"],
    "distance": [1.5, -2.5],
    "flown_on": [date(2026, 1, 31), date(2026, 2, 1)],
    "cancelled": [True, None],
}
LINES = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]
SHEET = (
    '<row r="1">'
    + "".join(workbooks.text(f"{at}1", name) for at, name in zip("ABCDEF", COLUMNS, strict=True))
    + '</row><row r="2">'
    + "".join(workbooks.text(*cell) for cell in (("A2", "007"), ("B2", "IAH"), ("C2", "1")))
    + '<c r="D2"><v>1.5</v></c><c r="E2" s="1"><v>46053</v></c><c r="F2" t="b"><v>1</v></c></row>'
    + '<row r="3">'
    + "".join(
        workbooks.text(*cell) for cell in (("A3", "B6"), ("B3", "=MIA, or\ntwo"), ("C3", "many"))
    )
    + '<c r="D3"><v>-2.5</v></c><c r="E3" s="1"><v>46054</v></c></row>'
)
KINDS = {
    "excel": workbooks.workbook(SHEET),
    "jsonl": "\n".join(json.dumps(line, default=str) for line in LINES).encode(),
    "parquet": parquet(COLUMNS),
}


class TestRoundTrip:
    """Download, correct, send again."""

    @pytest.mark.parametrize("kind", KINDS)
    async def test_other_kinds_come_back_as_csv(self, imports: Imports, kind: str) -> None:
        """What was refused of a workbook, of JSON or of Parquet is corrected as CSV, and loads."""
        order = await imports.run(KINDS[kind])
        assert (order.status, order.rows_loaded, order.rows_rejected) == ("partial", 1, 1)
        sent = (await imports.rejects_file(order)).replace(b"many", b"2")
        done = await imports.run(sent)
        assert (done.status, done.rows_loaded, done.error) == ("succeeded", 1, None)
        rows = [{name: row[name] for name in COLUMNS} for row in await imports.rows()]
        assert rows == [line | {"delay": delay} for delay, line in enumerate(LINES, start=1)]

    async def test_nothing_is_lost(self, imports: Imports) -> None:
        """Every refused row comes back whole with its line, and all rows are there at the end."""
        order = await imports.run(FILE)
        assert (order.status, order.rows_loaded, order.rows_rejected) == ("partial", 2, 3)
        text = (await imports.rejects_file(order)).decode()
        assert text == (
            "line,column,reason,carrier,dest,delay,distance\r\n"
            '3,delay,must be a whole number,UA,"O""RD\ntwo lines",many,20\r\n'
            "5,distance,must be a finite number,AA,'=MIA,5,x\r\n"
            '6,,"has 1 cell, the header has 4",AA\r\n'
        )
        corrected = (
            text.replace("many", "2").replace(",5,x", ",5,40").replace('4",AA', '4",AA,SFO,,50')
        )
        done = await imports.run(corrected)
        assert (done.status, done.rows_loaded) == ("succeeded", 3)
        rows = [(r["carrier"], r["dest"], r["delay"], r["distance"]) for r in await imports.rows()]
        assert rows == [
            ("UA", "IAH", 1, 10), ("B6", "BQN", -7, 30),
            ("UA", 'O"RD\ntwo lines', 2, 20), ("AA", "=MIA", 5, 40), ("AA", "SFO", None, 50),
        ]  # fmt: skip

    async def test_it_goes_on_until_all_is_right(self, imports: Imports) -> None:
        """What is wrong still is refused anew, with its line in the file that was sent."""
        order = await imports.run(FILE)
        second = await imports.run((await imports.rejects_file(order)).replace(b"many", b"2"))
        assert (second.rows_loaded, second.rows_rejected) == (1, 2)
        assert [reject.line for reject in await imports.rejects(second.id)] == [4, 5]
        third = await imports.run((await imports.rejects_file(second)).replace(b",5,x", b",5,4"))
        assert (third.rows_loaded, third.rows_rejected) == (1, 1)

    async def test_a_spreadsheet_may_have_been_there(self, imports: Imports) -> None:
        """Semicolons, a byte order mark and other line ends are understood."""
        saved = b"\xef\xbb\xbfline;column;reason;carrier;delay\r\n3;delay;no;UA;5\r\n"
        assert (await imports.run(saved)).rows_loaded == 1

    async def test_the_null_text_stays(self, imports: Imports) -> None:
        """What stood for no value stands for it in the file, too."""
        order = await imports.run("carrier,dest,delay\nNA,,x\n", null_text="NA")
        assert (await imports.rejects_file(order)).decode().splitlines()[1].endswith(",NA,,x")
        again = (await imports.rejects_file(order)).replace(b",x", b",1")
        assert (await imports.run(again, null_text="NA")).rows_loaded == 1
        (row,) = await imports.rows()
        assert (row["carrier"], row["dest"]) == (None, "")


class TestThreshold:
    """How many rows may be refused."""

    @pytest.mark.parametrize(("most", "status"), [(2, "failed"), (3, "partial"), (None, "partial")])
    async def test_by_number(self, imports: Imports, most: int | None, status: str) -> None:
        """One more and nothing is loaded; every refused row is kept all the same."""
        order = await imports.run(FILE, most_rejects=most)
        assert (order.status, order.rows_rejected) == (status, 3)
        assert len(await imports.rows()) == (0 if status == "failed" else 2)
        assert len(await imports.rejects(order.id)) == 3
        assert len((await imports.rejects_file(order)).splitlines()) == 5
        if status == "failed":
            assert order.error == "3 rows were refused, 2 may be; nothing was loaded."

    @pytest.mark.parametrize(("share", "status"), [(0.59, "failed"), (0.6, "partial")])
    async def test_by_share(self, imports: Imports, share: float, status: str) -> None:
        """Three of five are six tenths."""
        assert (await imports.run(FILE, reject_share=share)).status == status

    async def test_none_at_all(self, imports: Imports) -> None:
        """Zero means that every row must fit, and a file that fits loads."""
        assert (await imports.run(FILE, most_rejects=0)).status == "failed"
        assert (await imports.run("carrier\nUA\n", most_rejects=0)).status == "succeeded"


class TestFile:
    """The file of rejects itself."""

    def test_formulas_do_not_run_and_come_back(self, tmp_path: Path) -> None:
        """No cell begins as a formula does, but for plain numbers, and each is read as it was."""
        cells = (*(f"{begin}x" for begin in formulas.BEGINNINGS), "'=x", "''=x", "'x", "-5", "+1,5")
        path = tmp_path / "rejects.csv"
        found = Rejects(lambda: path.open("wb"), header=cells)
        found.add([Refused(2, "must be a number", "a", "x", cells)])
        found.close()
        for row in parsed(path.read_bytes().decode()):
            for text in row[3:]:
                assert not text.startswith(formulas.BEGINNINGS) or text in {"-5", "+1,5"}
        back = again(path.read_bytes())
        assert back is not None
        assert parsed(back) == [[*cells]] * 2

    def test_a_dataset_with_such_columns_keeps_them(self) -> None:
        """`line`, `column` and `reason` are left out only where they are not the file's own."""
        content = b"line,column,reason,more\n1,2,3,4\n"
        assert again(content, "carrier", "line") == "more\r\n4\r\n"
        assert again(content, "line", "column", "reason", "more") is None
        twice = b"line,column,reason,line,column,reason\n9,,x,1,2,3\n"
        assert again(twice, "line", "column", "reason") == "line,column,reason\r\n1,2,3\r\n"

    @pytest.mark.parametrize("content", [b"", b"carrier\nUA\n", b"line,column\n", b"\xff\xfe\x00"])
    def test_other_files_are_left_alone(self, content: bytes) -> None:
        """A file is one of rejects by its header alone."""
        assert again(content) is None

    @pytest.mark.parametrize("end", [b'3,,x,"open', b"3,,x,\xff\n"])
    def test_what_was_spoilt_says_so(self, end: bytes) -> None:
        """A file that is no CSV in UTF-8 any more cannot be read."""
        with pytest.raises(Malformed, match="no CSV in UTF-8 any more"):
            again(b"line,column,reason,carrier\n" + end)
