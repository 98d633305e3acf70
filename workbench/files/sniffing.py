"""What kind of file it is, by its first bytes; what a caller says of it counts for nothing."""

from xtractmime import RESOURCE_HEADER_BUFFER_LENGTH, extract_mime

HEAD = RESOURCE_HEADER_BUFFER_LENGTH  # how many bytes it looks at
UNKNOWN, TEXT = "application/octet-stream", "text/plain"
BLANKS = b"\t\n\x0c\r "


def media_type(head: bytes) -> str:
    """The media type that a browser would find (WHATWG, MIME Sniffing); else octet-stream."""
    if not head:
        return UNKNOWN
    # The library looks past the end of a text that is blank but for its last bytes.
    begun = head.lstrip(BLANKS)
    return extract_mime(begun).decode("ascii") if begun else TEXT
