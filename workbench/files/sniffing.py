"""What kind of file it is, by its first bytes; what a caller says of it counts for nothing."""

from xtractmime import RESOURCE_HEADER_BUFFER_LENGTH, extract_mime

HEAD = RESOURCE_HEADER_BUFFER_LENGTH  # how many bytes it looks at
UNKNOWN = "application/octet-stream"


def media_type(head: bytes) -> str:
    """The media type that a browser would find (WHATWG, MIME Sniffing); else octet-stream."""
    return extract_mime(head).decode("ascii") if head else UNKNOWN
