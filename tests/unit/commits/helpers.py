"""What the tests of shared commits have in common."""

import time

from sqlcipher3 import dbapi2 as sqlcipher


def stored(path):
    connection = sqlcipher.connect(str(path))
    try:
        return [n for (n,) in connection.execute("SELECT n FROM rows ORDER BY rowid")]
    finally:
        connection.close()


def until(condition):
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.001)


def insert(writer, n, parent=None):
    return lambda: writer.connection.execute("INSERT INTO rows VALUES (?, ?)", (n, parent)) and n
