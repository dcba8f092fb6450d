"""Serves the shop, one thread a request; ends at once when asked to."""
import os
import signal
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

from django.core.wsgi import get_wsgi_application  # noqa: E402  (settings first)


class Server(ThreadingMixIn, WSGIServer):
    """A request that waits for the database keeps no other waiting."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Health is asked for every second: no line for each."""

    def log_message(self, *_):
        pass


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
make_server("0.0.0.0", 8080, get_wsgi_application(), Server, Quiet).serve_forever()
