"""A key-management service of our own: moto's server, on a port of this machine."""

import contextlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

REGION = "eu-central-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@contextmanager
def kms_server() -> Iterator[str]:
    """The URL of a running server."""
    from moto.server import ThreadedMotoServer  # takes a quarter of a second

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    with contextlib.redirect_stdout(io.StringIO()):
        server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def kms_client(url: str) -> Any:
    """A client of it."""
    import boto3

    return boto3.client(
        "kms", region_name=REGION, endpoint_url=url, aws_access_key_id="test", aws_secret_access_key="test"
    )
