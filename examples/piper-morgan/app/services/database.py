"""The database."""
import os

import psycopg2


def get_db():
    """A connection; it fails where there is none to be had."""
    return psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=2)


def ask(query, *values):
    """The rows of a query, in a transaction of its own."""
    connection = get_db()
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
