"""The shapes of files: what a caller orders, and what leaves the house."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

MAX_NAME = 1000  # characters that a caller may send; fewer are kept
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$", description="SHA-256, as 64 digits.")]


class Kind(StrEnum):
    """What a file is there for."""

    UPLOAD = "upload"
    IMPORT = "import"
    REJECT = "reject"
    ARTIFACT = "artifact"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many bytes one file may have, and all files of a tenant without a quota of its own."""

    file: int
    tenant: int


class NewUpload(BaseModel):
    """A file that is about to arrive in parts."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=MAX_NAME, pattern=r"^[^\x00]*$", examples=["flights.csv"])
    size: int = Field(ge=0, le=2**60, description="How many bytes it will have.")
    sha256: Sha256 | None = None


class UploadView(BaseModel):
    """A file on its way."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    size: int | None
    sha256: str | None
    received: int
    created_at: datetime


class FileView(BaseModel):
    """A file; `lost_at` says since when its bytes are missing from storage.

    What an import kept long ago has no hash, and a size of 0, until the worker has read it.
    """

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    kind: Kind
    media_type: str
    size: int
    sha256: str | None
    owner_id: UUID | None
    created_by: UUID | None
    created_at: datetime
    lost_at: datetime | None
    deleted_at: datetime | None


class RoomView(BaseModel):
    """How many bytes the tenant's files take, with what is reserved, and how many they may."""

    used: int
    quota: int
    file_limit: int
