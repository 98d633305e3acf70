"""An S3 on a free port of this machine, and a bucket in it."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import boto3  # type: ignore[import-untyped] # it ships no annotations
from moto.server import ThreadedMotoServer

BUCKET = "workbench"
SIGNED_IN = {
    "AWS_ACCESS_KEY_ID": "a-key",
    "AWS_SECRET_ACCESS_KEY": "a-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@contextmanager
def serving() -> Iterator[str]:
    """Serve S3, name it and its credentials in AWS's own variables, and answer a storage URL."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    before = dict(os.environ)
    os.environ.update(SIGNED_IN, AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}")
    try:
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield f"s3://{BUCKET}/files"
    finally:
        os.environ.clear()
        os.environ.update(before)
        server.stop()


def unfinished() -> int:
    """How many files lie there that were begun in parts and never put together."""
    found = boto3.client("s3").list_multipart_uploads(Bucket=BUCKET)
    return len(found.get("Uploads", []))
