"""Orders over HTTP, and the page before them. The image's name says which part this is, its tag how a version is bad: main-crash,
main-errors, main-negative (damages rows), main-price (unwell after six seconds) and main-dies (once a flag says so); `api:page` answers
with 503 only."""
import http.server, json, os, pathlib, signal, socketserver, sys, time, tomllib

PART, _, VERSION = os.environ["IMAGE"].rpartition("/")[2].partition(":")
MODE = VERSION.partition("-")[2]
BORN, ROOT = time.monotonic(), os.environ.get("ROOT", "")


def ask(query, *values):
    """The rows of a query, in a transaction of its own."""
    import psycopg2
    connection = psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=2)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def is_on(name):
    """Whether a feature flag is on. A file on one machine is there or not; one of a ConfigMap says `on` or `off`."""
    flag = pathlib.Path(ROOT + "/etc/flags/" + name)
    return flag.exists() and flag.read_text().strip() != "off"


def is_safe():
    """Whether it answers without the database, and takes no orders."""
    return is_on("safe-mode")


def answer(method, path, body):
    if VERSION == "page" or PART == "maintenance":
        return 503, {"status": "closed"}
    if path == "/version":
        return 200, {"version": VERSION}
    if MODE == "errors" or (MODE == "price" and time.monotonic() - BORN > 6) or (MODE == "dies" and is_on("dying")):
        return 500, {"status": "failing"}
    if PART == "web":
        return 200, {"status": "healthy", "greeting": GREETING}
    if method == "POST" and path == "/orders":
        if is_safe():
            return 503, {"status": "safe mode"}
        column, value = ("price", int(body) / 100) if MODE == "price" else ("cents", int(body))
        return 201, {"id": ask(f"INSERT INTO orders ({column}) VALUES (%s) RETURNING id", value)[0][0]}
    if is_safe():
        return 200, {"status": "healthy", "safe_mode": True}
    return 200, {"status": "healthy", "orders": ask("SELECT count(*) FROM orders")[0][0]}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        try:
            status, told = answer(self.command, self.path, body)
        except Exception as error:
            status, told = 503, {"status": "failing", "why": type(error).__name__}
        self.send_response(status)
        self.end_headers()
        self.wfile.write((json.dumps(told) + "\n").encode())

    do_POST = do_GET

    def log_message(self, *_):
        """Health is asked for every second: no line for each."""


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        """Whoever asked has gone."""


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if MODE == "crash":
    sys.exit("Traceback: this version cannot start")
if PART == "web":
    file = pathlib.Path(ROOT + "/etc/web.toml")
    GREETING = tomllib.loads(file.read_text())["greeting"] if file.exists() else os.environ["GREETING"]
if PART == "api" and MODE == "negative":
    ask("UPDATE orders SET cents = -abs(cents) WHERE id <= 5")
Server((os.environ.get("HOST", "0.0.0.0"), int(os.environ["PORT"])), Handler).serve_forever()
