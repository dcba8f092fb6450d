"""The cache, spoken to by hand: two commands are no reason for a library."""
import socket


def say(*words):
    """One command; the first line of the reply."""
    request = f"*{len(words)}\r\n" + "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
    with socket.create_connection(("redis", 6379), timeout=2) as connection:
        connection.sendall(request.encode())
        return connection.makefile().readline().strip()


def ping():
    """Fails where Redis does not answer."""
    if say("PING") != "+PONG":
        raise RuntimeError("Redis does not answer as it should")
