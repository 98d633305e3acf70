"""What a notebook imports, without a kernel."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import column, func, literal, select, table, text

from tests.support import flights
from workbench import lab
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.lab import files, reading
from workbench.lab.files import BadFile
from workbench.lab.reading import BadQuery
from workbench.lab.run import BadSize, LabRun, NoRun
from workbench.notebooks import Shelf
from workbench.runs.schemas import MAX_ARTIFACT_BYTES
from workbench.runs.tickets import VARIABLE, Ticket
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant
from workbench.worker import ticketing
from workbench.worker.parts import Parts

FLIGHTS = table("flights", column("dest"), column("month"), column("distance"))


@pytest.fixture
async def run(
    settings: Settings,
    database: Database,
    storage: Storage,
    actor: Actor,
    tenant: Tenant,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> LabRun:
    """The session of a signed-in member, as JupyterLab has it."""
    await flights.load(database, tenant.id, "OO")
    parts = Parts(settings, database, storage, Shelf(tmp_path), Tokens(settings.secret_keys))
    async with database.session(actor) as session:
        ticket = await ticketing.issue(parts, session, actor, timedelta(minutes=5))
    ticket.write(tmp_path / "ticket.json")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "ticket.json"))
    return lab.open_run()


class TestOpenRun:
    """The way in."""

    def test_it_says_what_to_do_when_nobody_is_signed_in(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Without a ticket, or with one that is gone, the error names the way."""
        monkeypatch.delenv(VARIABLE, raising=False)
        with pytest.raises(NoRun, match="workbench lab"):
            lab.open_run()
        monkeypatch.setenv(VARIABLE, str(tmp_path / "nothing"))
        with pytest.raises(NoRun):
            lab.open_run()

    async def test_its_client_speaks_as_the_member(
        self, run: LabRun, settings: Settings, actor: Actor
    ) -> None:
        """The API's client carries an access token of this login, and follows no redirect."""
        assert run.api.auth is not None
        request = next(run.api.auth.auth_flow(run.api.build_request("GET", "auth/me")))
        scheme, token = request.headers["Authorization"].split()
        claims = Tokens(settings.secret_keys).read_access(token, datetime.now(UTC))
        assert (scheme, claims.sid, claims.tenant_id) == ("Bearer", actor.sid, actor.tenant_id)
        assert str(run.api.base_url).endswith("/api/v1/")
        run.api.close()

    async def test_its_ticket_shows_no_secret(self, run: LabRun, tmp_path: Path) -> None:
        """Neither the ticket's text nor its file's mode give it to others."""
        ticket = run.ticket
        assert ticket.actor_token not in repr(ticket)
        assert (tmp_path / "ticket.json").stat().st_mode & 0o777 == 0o600
        assert Ticket.read(tmp_path / "ticket.json") == ticket


class TestFrame:
    """Reading into a frame."""

    async def test_text_and_statements_read_the_same(self, run: LabRun) -> None:
        """SQL text, text with values, and a statement's value give one answer."""
        where = FLIGHTS.c.dest.in_(["CLE", "MSP"]), FLIGHTS.c.month >= 1
        counted = select(func.count().label("n")).select_from(FLIGHTS).where(*where)
        plain = "select count(*) n from flights where dest in ('CLE', 'MSP') and month >= 1"
        bound = "select count(*) n from flights where dest in (:a, :b) and month >= :month"

        answers = [
            run.frame(counted),
            run.frame(plain),
            run.frame(bound, {"a": "CLE", "b": "MSP", "month": 1}),
        ]

        assert [int(answer.n[0]) for answer in answers] == [28, 28, 28]

    async def test_values_keep_their_types(self, run: LabRun) -> None:
        """Numbers, texts, times, ids and nothing arrive as what they are."""
        values: dict[str, Any] = {
            "a": literal(1),
            "b": literal("o'clock; --"),
            "c": literal(date(2013, 1, 2)),
            "d": literal(datetime(2013, 1, 2, 3, tzinfo=UTC)),
            "e": literal(value=True),
            "f": literal(0.5),
            "g": literal(Decimal("1.25")),
            "i": literal(None),
        }
        id_ = new_id()

        row = run.frame(select(*(value.label(name) for name, value in values.items()))).iloc[0]

        assert (row.a, row.b, row.f, row.g) == (1, "o'clock; --", 0.5, 1.25)
        assert (row.c, row.d) == (date(2013, 1, 2), pd.Timestamp("2013-01-02 03:00", tz="UTC"))
        assert row.e
        assert pd.isna(row.i)
        assert run.frame(select(literal(id_).label("h"))).h[0] == str(id_)
        assert run.frame("select avg(month) m from flights").m.dtype == "float64"

    async def test_no_value_becomes_sql(self, run: LabRun) -> None:
        """A value is bound, whatever it looks like."""
        evil = "x'; select pg_sleep(9); --"
        sql, values = reading.compiled(text("select :word"), {"word": evil})

        assert evil not in sql
        assert values == [evil]
        assert run.frame("select :word as w", {"word": evil}).w[0] == evil

    @pytest.mark.parametrize(
        "sql",
        [
            "select nothing from flights",
            "selekt",
            "select 1; select 2",
            "update flights set dest = 'X'",
        ],
    )
    async def test_it_says_why_a_query_is_refused(self, run: LabRun, sql: str) -> None:
        """One line of PostgreSQL's, and no password in it."""
        with pytest.raises(BadQuery) as caught:
            run.frame(sql)

        assert "\n" not in str(caught.value)
        assert "postgresql://" not in str(caught.value)
        assert len(run.frame("select * from flights")) == 32


class TestChunks:
    """Reading piece by piece."""

    async def test_the_pieces_are_the_whole(self, run: LabRun) -> None:
        """Each piece has the rows asked for, the last what is left, and together they are all."""
        query = "select * from flights order by row_id"
        pieces = list(run.chunks(query, rows=10))
        assert [len(piece) for piece in pieces] == [10, 10, 10, 2]
        columns = ["row_id", "dest", "month"]
        together = pd.concat(pieces, ignore_index=True)[columns]
        pd.testing.assert_frame_equal(together, run.frame(query)[columns])

    async def test_values_are_bound(self, run: LabRun) -> None:
        """A parameter reaches the statement as a value."""
        (piece,) = run.chunks("select :word as w", {"word": "x'; --"})
        assert piece.w[0] == "x'; --"

    async def test_values_do_not_bring_everything_at_once(self, run: LabRun) -> None:
        """With a value bound, too, the first rows are here before the last are made."""
        query = "select n, 1 / (:last - n) as x from generate_series(1, 100000) n"

        pieces = run.chunks(query, {"last": 50_000}, rows=10_000)

        assert len(next(pieces)) == 10_000
        with pytest.raises(BadQuery, match="division by zero"):
            list(pieces)
        assert sum(map(len, run.chunks(query, {"last": 0}, rows=30_000))) == 100_000
        assert len(run.frame(query, {"last": 0})) == 100_000

    async def test_values_reach_what_is_no_select(self, run: LabRun) -> None:
        """A statement that no cursor can be declared for is executed as it is."""
        plan = run.frame("explain select * from flights where month = :month", {"month": 1})
        assert "Scan" in plan.to_string()

    async def test_no_rows_have_columns(self, run: LabRun) -> None:
        """An empty answer is one frame without rows."""
        for values in ({}, {"month": 12}):
            query = f"select dest from flights where month > {':month' if values else '12'}"
            (piece,) = run.chunks(query, values)
            assert (len(piece), list(piece.columns)) == (0, ["dest"])

    async def test_it_says_what_is_wrong(self, run: LabRun) -> None:
        """A bad query and a bad size are refused at the first piece."""
        with pytest.raises(BadQuery):
            next(run.chunks("selekt"))
        with pytest.raises(BadSize):
            next(run.chunks("select 1", rows=0))
        assert len(list(run.chunks("select 1"))) == 1

    async def test_arrow_keeps_whole_numbers_with_gaps(self, run: LabRun) -> None:
        """With Arrow's types a missing number does not turn its column into fractions."""
        query = "select * from (values (1), (null)) as t (n)"
        assert str(run.frame(query).n.dtype) == "float64"
        frame = run.frame(query, dtypes="arrow")
        assert str(frame.n.dtype) == "int32[pyarrow]"
        (piece,) = run.chunks(query, dtypes="arrow")
        pd.testing.assert_frame_equal(piece, frame)


class TestFiles:
    """What may be published."""

    def test_each_kind_becomes_a_file(self) -> None:
        """Frames, series, text, figures, data and bytes have an ending of their own."""

        class Figure:
            def savefig(self, buffer: BytesIO, format: str) -> None:  # noqa: A002 (as matplotlib)
                buffer.write(format.encode())

        frame = pd.DataFrame({"a": [1, 2]})
        risky = pd.DataFrame(
            {
                "=name": ["@SUM(A1)", None],
                "n": [-1, 2],
                "when": pd.to_datetime(["2013-01-01", "2013-01-02"]),
                "kind": pd.Categorical(["-x", "y"]),
            },
        )
        risky.index = pd.Index(["=1+1", "plain"], name="@key")
        encoded = dict(
            files.encode(name, obj)
            for name, obj in {
                "frame": frame,
                "series": frame["a"],
                "table.csv": frame,
                "schema.json": frame,
                "words": "some",
                "figure": Figure(),
                "data": {"day": date(2013, 1, 1)},
                "raw.png": b"raw",
                "drawing.svg": Figure(),
                "model.joblib": b"model",
                "risky.csv": risky,
            }.items()
        )

        assert pd.read_parquet(BytesIO(encoded["frame.parquet"])).equals(frame)
        assert pd.read_parquet(BytesIO(encoded["series.parquet"])).equals(frame)
        assert encoded["table.csv"] == b",a\n0,1\n1,2\n"
        assert json.loads(encoded["schema.json"])["data"][1] == {"index": 1, "a": 2}
        assert (encoded["words.txt"], encoded["figure.png"]) == (b"some", b"png")
        assert (encoded["drawing.svg"], encoded["model.joblib"]) == (b"svg", b"model")
        assert encoded["risky.csv"].decode().splitlines() == [
            "'@key,'=name,n,when,kind",
            "'=1+1,'@SUM(A1),-1,2013-01-01,'-x",
            "plain,,2,2013-01-02,y",
        ]
        assert (encoded["data.json"], encoded["raw.png"]) == (b'{"day": "2013-01-01"}', b"raw")

    @pytest.mark.parametrize(
        ("name", "obj"),
        [
            ("../up.txt", "x"),
            ("report.html", "x"),
            ("a.pkl", b"x"),
            ("model.joblib", object()),
            ("A B", "x"),
            ("", "x"),
            ("x" * 99, "x"),
            ("frame.png", pd.DataFrame()),
            ("text.parquet", "x"),
            ("big.txt", "x" * (MAX_ARTIFACT_BYTES + 1)),
        ],
    )
    def test_no_other_becomes_one(self, name: str, obj: object) -> None:
        """Paths, pages, other endings, what does not fit its ending or is too large are refused."""
        with pytest.raises(BadFile):
            files.encode(name, obj)
