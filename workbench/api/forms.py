"""Forms with one file in them: read while they arrive, or kept once they are there as a whole."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from workbench.errors import Detail, Invalid
from workbench.files.errors import CutOff

MAX_FIELD = 1024
MAX_FIELDS = 4
CUT_OFF = "The form ends before its file does; send it again."
TAIL = 1024  # bytes at the end of a body, within which a form ends


async def body(request: Request) -> AsyncIterator[bytes]:
    """The body of a request as it arrives; raise CutOff when the caller is gone before its end."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect as error:
        raise CutOff from error


class WholeRequest(Request):
    """A request whose form is there to its end, or refused: then what came of its file is gone."""

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body; raise MultiPartException, after which the form removes what it has kept."""
        _, options = parse_options_header(self.headers.get("content-type"))
        tail = b""
        try:
            async for chunk in super().stream():
                tail = (tail + chunk[-TAIL:])[-TAIL:]
                yield chunk
        except ClientDisconnect as error:
            raise MultiPartException(CUT_OFF) from error
        boundary = options.get(b"boundary")
        if boundary and b"--" + boundary + b"--" not in tail:
            raise MultiPartException(CUT_OFF)


@dataclass
class FileForm:
    """A form of `multipart/form-data` with one file; its other fields are texts.

    `name` is known once the first bytes of the file have come, `fields` when all have.
    """

    request: Request
    allowed: frozenset[str]
    longest: int = MAX_FIELD
    name: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    _field: str | None = None
    _header: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))
    _disposition: bytes = b""
    _value: bytearray = field(default_factory=bytearray)
    _waiting: list[bytes] = field(default_factory=list)
    _has_file: bool = False
    _has_ended: bool = False

    async def file(self) -> AsyncIterator[bytes]:
        """The bytes of the file; raise Invalid when the form is none, or is not whole."""
        parser = self._parser()
        async for chunk in body(self.request):
            try:
                parser.write(chunk)
            except FormParserError as error:
                raise _refused("body", "this is no form that can be read") from error
            for piece in self._waiting:
                yield piece
            self._waiting.clear()
        if not self._has_ended:
            raise CutOff
        if not self._has_file:
            raise _refused("file", "send a file as multipart/form-data")

    def _parser(self) -> MultipartParser:
        kind, options = parse_options_header(self.request.headers.get("content-type"))
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise _refused("file", "send a file as multipart/form-data")
        try:
            return MultipartParser(
                options[b"boundary"],
                {
                    "on_part_begin": self._begin,
                    "on_header_field": lambda data, start, end: self._head(0, data[start:end]),
                    "on_header_value": lambda data, start, end: self._head(1, data[start:end]),
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._name,
                    "on_part_data": self._take,
                    "on_part_end": self._end,
                    "on_end": self._finish,
                },
            )
        except FormParserError as error:
            raise _refused("body", "this is no form that can be read") from error

    def _begin(self) -> None:
        self._disposition = b""
        self._value.clear()

    def _head(self, part: int, data: bytes) -> None:
        self._header[part].extend(data)

    def _end_header(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            self._disposition = bytes(self._header[1])
        for text in self._header:
            text.clear()

    def _name(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode(errors="replace")
        is_file = b"filename" in options
        self._field = None if is_file else name
        if is_file and (name != "file" or self._has_file):
            raise _refused("file", "send one file, in the field `file`")
        if not is_file and (name not in self.allowed or name in self.fields):
            raise _refused(name or "body", "there is no such field, or it is there twice")
        if is_file:
            self._has_file = True
            self.name = options[b"filename"].decode(errors="replace")

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._field is None:
            self._waiting.append(data[start:end])
        elif len(self._value) + end - start > self.longest:
            raise _refused(self._field, "this is too long")
        else:
            self._value.extend(data[start:end])

    def _end(self) -> None:
        if self._field is not None:
            self.fields[self._field] = self._value.decode(errors="replace")

    def _finish(self) -> None:
        self._has_ended = True


def _refused(place: str, message: str) -> Invalid:
    return Invalid(details=[Detail(place, message)])
