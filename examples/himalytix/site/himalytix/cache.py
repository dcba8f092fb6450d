"""Redis, spoken to by hand: six commands are no reason for a library."""
import os
import socket
from urllib.parse import urlparse


def say(*words):
    """The reply to one command: text, a number, a list, or `None`."""
    address = urlparse(os.environ["REDIS_URL"])
    with socket.create_connection((address.hostname, address.port or 6379), timeout=2) as connection:
        stream = connection.makefile("rwb")
        if address.password:
            told(stream, "AUTH", address.password)
        return told(stream, *words)


def told(stream, *words):
    """Writes a command, and reads its reply."""
    parts = [str(word).encode() for word in words]
    stream.write(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
    stream.flush()
    return reply(stream)


def reply(stream):
    """One reply, of whatever kind."""
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("Redis has gone away")
    kind, rest = line[:1], line[1:-2].decode()
    if kind == b"-":
        raise RuntimeError(rest)
    if kind == b"+":
        return rest
    number = int(rest)
    if kind == b":":
        return number
    if number < 0:
        return None
    if kind == b"*":
        return [reply(stream) for _ in range(number)]
    return stream.read(number + 2)[:-2].decode()
