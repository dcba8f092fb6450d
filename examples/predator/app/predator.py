"""Predator Analytics in one file: the image's name says which part this is, and its tag how a release is broken.

1.5.0-crash ends at its start, -errors fails eight requests in a hundred, -slow takes 80 ms more, -half has a migration that fails
half-way, -corrupt one that damages rows.
"""
import http.server, json, os, pathlib, signal, socketserver, sys, threading, time, urllib.request

import psycopg2

PART, _, VERSION = os.environ["IMAGE"].rpartition("/")[2].partition(":")
MODE = VERSION.partition("-")[2]
BUCKETS = [0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5]
lock, counts, times = threading.Lock(), {"200": 0, "201": 0, "500": 0, "503": 0}, [0] * (len(BUCKETS) + 1)


def ask(query, *values):
    """The rows of a query, in a transaction of its own."""
    connection = psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=2)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def migrate():
    """What each version does to the data, once."""
    ask("CREATE TABLE IF NOT EXISTS schema_migrations (version int PRIMARY KEY)")
    done = {version for version, in ask("SELECT version FROM schema_migrations")}
    if 41 not in done:
        ask("CREATE TABLE app_event (id bigserial PRIMARY KEY, owner text NOT NULL, words text NOT NULL)")
        ask("INSERT INTO app_event (owner, words) SELECT 'ada', 'event ' || n FROM generate_series(1, 40) n")
        ask("INSERT INTO schema_migrations VALUES (41)")
    if MODE == "half":
        ask("ALTER TABLE app_event ADD COLUMN tenant text")
        ask("ALTER TABLE app_event ADD COLUMN region text NOT NULL")
    if MODE == "corrupt":
        ask("UPDATE app_event SET owner = '' WHERE id <= 20")


def breaker(name):
    """What is switched beside the chart, as it is now."""
    file = pathlib.Path(os.environ.get("ROOT", "") + "/etc/breaker/" + name)
    return file.exists() and file.read_text().strip() == "on"


def trouble(asked):
    """What is in the way of this pod's work; None where nothing is. That others are away makes it unhealthy, and no less ready."""
    if os.environ["AUTH_URL"].endswith(".invalid"):
        return "nobody can log in"
    if PART != "backend":
        return None
    ask("SELECT 1")
    if asked == "/health" and breaker("ERRORS"):
        return "it was told to fail"
    if asked == "/health" and not breaker("FALLBACK"):
        urllib.request.urlopen(os.environ["PAYMENTS_URL"], timeout=1).close()
    return None


def answer(method, path, body):
    if path in ("/health", "/ready"):
        why = trouble(path)
        return (503, {"status": "failing", "why": why}) if why else (200, {"status": "healthy"})
    if path == "/version":
        return 200, {"version": VERSION}
    if path == "/api/events":
        time.sleep(0.04 + (0.08 if MODE == "slow" else 0))
        if breaker("ERRORS") or (MODE == "errors" and sum(counts.values()) % 100 < 8):
            return 500, {"status": "failing"}
        if method == "POST":
            return 201, {"id": ask("INSERT INTO app_event (owner, words) VALUES ('grace', %s) RETURNING id", body)[0][0]}
        return 200, {"events": ask("SELECT count(*) FROM app_event")[0][0]}
    return 404, {}


def metrics():
    lines = [f'http_requests_total{{status="{status}"}} {count}' for status, count in counts.items()]
    edges = [str(edge) for edge in BUCKETS] + ["+Inf"]
    lines += [f'http_request_duration_seconds_bucket{{le="{edge}"}} {sum(times[:n + 1])}' for n, edge in enumerate(edges)]
    return "\n".join(lines) + "\n"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path == "/metrics":
            return self.say(200, metrics())
        begun = time.monotonic()
        try:
            status, told = answer(self.command, self.path, body)
        except Exception as error:
            status, told = 503, {"status": "failing", "why": type(error).__name__}
        if self.path.startswith("/api/"):
            took = time.monotonic() - begun
            with lock:
                counts[str(status)] += 1
                times[next((n for n, edge in enumerate(BUCKETS) if took <= edge), len(BUCKETS))] += 1
        self.say(status, json.dumps(told) + "\n")

    do_POST = do_GET

    def say(self, status, text):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        """Health is asked for every second: no line for each."""


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        """Whoever asked has gone."""


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if PART == "migrations":
    sys.exit(migrate())
if MODE == "crash":
    sys.exit("Traceback: this version cannot start")
if PART == "celery-worker":
    while True:
        time.sleep(1)
Server((os.environ.get("HOST", "0.0.0.0"), int(os.environ["PORT"])), Handler).serve_forever()
