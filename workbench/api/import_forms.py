"""The form that brings a file: what stands in its fields, and how each is told to be wrong."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Json, ValidationError
from starlette.datastructures import FormData, UploadFile

from workbench.datasets.schemas import ImportOrder, Reading
from workbench.errors import Detail, Invalid

FIELDS = 10  # of a form that is not read while it arrives
MAX_FIELD = 256 * 1024  # a reading may name a thousand columns
NEEDED = Detail("file", "send a file as multipart/form-data")
FILE = {"type": "string", "format": "binary", "description": "CSV, Excel, Parquet or JSON lines."}
READING = {
    "type": "string",
    "contentMediaType": "application/json",
    "description": "How to read the file: `reading` of a preview. What it leaves out is sniffed.",
}


class PreviewForm(BaseModel):
    """The fields beside a file that is only looked at."""

    model_config = ConfigDict(extra="forbid")

    reading: Json[Reading] = Reading()
    null_text: str | None = None

    def read_as(self) -> Reading:
        """How the file is read; `null_text` of the form goes before that of its `reading`."""
        if self.null_text is None:
            return self.reading
        return Reading.model_validate(
            self.reading.model_dump(exclude_unset=True) | {"null_text": self.null_text}
        )


class ImportForm(PreviewForm):
    """The fields beside a file that is to be loaded."""

    mode: str = "append"
    key: str = ""
    most_rejects: int | None = None
    reject_share: float | None = None
    title: str = ""
    description: str = ""

    def order(self) -> ImportOrder:
        """How the file is to be loaded."""
        given: dict[str, Any] = self.model_dump(exclude={"key", "reading", "null_text"})
        names = [name.strip() for name in self.key.split(",") if name.strip()]
        return ImportOrder.model_validate(given | {"key": names, "reading": self.read_as()})


ALLOWED = frozenset(ImportForm.model_fields)


def body(required: dict[str, Any]) -> dict[str, Any]:
    """A form with a file, as OpenAPI describes it."""
    schema = {
        "type": "object",
        "required": ["file"],
        "additionalProperties": False,
        "properties": {"file": FILE} | required,
    }
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }


NULL_TEXT = {
    "type": "string",
    "default": "",
    "description": "What stands in a cell without a value, such as `NA`.",
}
PREVIEW_BODY = body({"reading": READING, "null_text": NULL_TEXT})
IMPORT_BODY = body(
    {
        "mode": {
            "type": "string",
            "enum": ["append", "create", "replace", "upsert"],
            "default": "append",
            "description": "Add rows; make a private dataset of the file first; delete the rows "
            "that are there first; or those with equal keys.",
        },
        "key": {
            "type": "string",
            "description": "Of an upsert: the columns, separated by commas, that tell rows apart.",
        },
        "null_text": NULL_TEXT,
        "reading": READING,
        "most_rejects": {
            "type": "integer",
            "minimum": 0,
            "description": "How many rows may be refused; one more, and none is loaded.",
        },
        "reject_share": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "description": "Which share of the rows may be refused.",
        },
        "title": {"type": "string", "description": "Of a dataset that is made; else its name."},
        "description": {"type": "string", "description": "Of a dataset that is made."},
    }
)


def preview(form: FormData) -> tuple[UploadFile, Reading]:
    """The file of a form, and how it is to be read; raise Invalid."""
    file, fields = _parts(form)
    try:
        return file, PreviewForm.model_validate(fields).read_as()
    except ValidationError as error:
        raise _invalid(error) from None


def order(fields: dict[str, str]) -> ImportOrder:
    """How the file of a form is to be loaded; raise Invalid."""
    try:
        return ImportForm.model_validate(_given(fields)).order()
    except ValidationError as error:
        raise _invalid(error) from None


def digest(sha256: str, file_name: str, order: ImportOrder) -> str:
    """What tells one request from another under the same idempotency key."""
    return repr((sha256, file_name, order.model_dump_json()))


def _parts(form: FormData) -> tuple[UploadFile, dict[str, Any]]:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Invalid(details=[NEEDED])
    return file, _given({name: value for name, value in form.multi_items() if name != "file"})


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value != ""}


def _invalid(error: ValidationError) -> Invalid:
    details = [
        Detail(".".join(str(part) for part in found["loc"]) or "mode", found["msg"])
        for found in error.errors(include_url=False, include_input=False)
    ]
    return Invalid(details=details)
