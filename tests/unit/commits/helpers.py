"""What the tests of shared commits have in common."""

from sqlcipher3 import dbapi2 as sqlcipher


def stored(path):
    connection = sqlcipher.connect(str(path))
    try:
        return [n for (n,) in connection.execute("SELECT n FROM rows ORDER BY rowid")]
    finally:
        connection.close()


def insert(writer, n, parent=None):
    return lambda: writer.connection.execute("INSERT INTO rows VALUES (?, ?)", (n, parent)) and n
