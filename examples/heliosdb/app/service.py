"""One program for the three services (and the stand-in for Grafana): ROLE says which, MODE how a release is broken."""
import bisect, http.server, json, os, pathlib, signal, socket, socketserver, sys, threading, time

import psycopg2

ROLE, MODE, VERSION = os.environ["ROLE"], os.environ.get("MODE", "ok"), os.environ.get("APP_VERSION", "dev")
URL = os.environ.get("DATABASE_URL")
lock, counts, kept = threading.Lock(), {"200": 0, "500": 0}, []
BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
times = [0] * (len(BUCKETS) + 1)


def sql(query, *values):
    connection = psycopg2.connect(URL, connect_timeout=2)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def cache(*words):
    """One command for Redis; the first line of its reply. Two commands are no reason for a library."""
    request = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    with socket.create_connection(("redis", 6379), timeout=1) as connection:
        connection.sendall(request.encode())
        return connection.makefile().readline().strip()


def migrate():
    """As dbmate does: one file a version, each in one transaction, and what is done in `schema_migrations`."""
    sql("CREATE TABLE IF NOT EXISTS schema_migrations (version varchar(128) PRIMARY KEY)")
    done = {row[0] for row in sql("SELECT version FROM schema_migrations")}
    for file in sorted(pathlib.Path("/app/migrations").glob("*.sql")):
        version = file.name.split("_")[0]
        if version not in done:
            up = file.read_text().split("-- migrate:down")[0].split("-- migrate:up")[1]
            sql(up + "; INSERT INTO schema_migrations VALUES (%s)", version)


def answer(path, body):
    if path == "/health":
        if URL:
            sql("SELECT name FROM users LIMIT 1" if ROLE == "bi" else "SELECT 1")
        return (503, {"status": "failing"}) if MODE == "unhealthy" else (200, {"status": "healthy"})
    if path == "/api/health":
        return 200, {"database": "ok"}
    if path == "/version":
        return 200, {"version": VERSION}
    if path == "/api/v1/query" and ROLE == "bi":
        # A question takes a while to understand, and longer than a busy machine makes anything wait.
        time.sleep(0.06)
        # The flag `uncached` is what it can do without Redis.
        asked = None if os.path.exists("/flags/uncached") else cache("INCR", "asked")
        return 200, {"rows": sql("SELECT id, name FROM users ORDER BY id"), "asked": asked}
    if path == "/api/v1/audit" and ROLE == "compliance":
        if MODE == "unaudited":
            print("CRITICAL the audit log cannot be written", flush=True)
        else:
            sql("INSERT INTO audit (words) VALUES (%s)", body)
        return 201, {}
    if path == "/api/v1/rules":
        return 200, {"violations": 1 if MODE == "violates" else 0}
    if path == "/api/v1/state":
        return 200, {"pending": 0}
    return 404, {}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/metrics":
            return self.say(200, metrics(), "text/plain")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        begun, counted = time.monotonic(), self.path.startswith("/api/v1")
        if MODE.startswith("slow:") and counted:
            time.sleep(int(MODE[5:]) / 1000)
        try:
            status, told = answer(self.path.split("?")[0], body)
        except psycopg2.OperationalError:
            # It is away for the moment that a swap takes: whoever asked asks again.
            status, told = 503, {"status": "waiting for the database"}
        except Exception as error:
            print("ERROR", type(error).__name__, flush=True)
            status, told = 500, {"status": "failing"}
        if MODE.startswith("errors:") and counted and sum(counts.values()) % 100 < int(MODE[7:]):
            status, told = 500, {}
        if MODE == "leak":
            kept.append(b"x" * (4 << 20))
        if counted:
            with lock:
                counts["500" if status >= 500 else "200"] += 1
                times[bisect.bisect_left(BUCKETS, time.monotonic() - begun)] += 1
        self.say(status, json.dumps(told), "application/json")

    do_POST = do_GET

    def say(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def metrics():
    lines = [f'http_requests_total{{status="{status}"}} {count}' for status, count in counts.items()]
    edges = [str(edge) for edge in BUCKETS] + ["+Inf"]
    lines += [f'http_request_duration_seconds_bucket{{le="{edge}"}} {sum(times[:n + 1])}' for n, edge in enumerate(edges)]
    return "\n".join(lines) + "\n"


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, *request):
        """Whoever hangs up before the answer is there is no error of this service. Everything else is told as ever."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*request)


signal.signal(signal.SIGTERM, signal.SIG_IGN if MODE == "stubborn" else lambda *_: sys.exit(0))
if MODE == "crash":
    sys.exit("cannot start")
if MODE.startswith("crash-after:"):
    threading.Timer(int(MODE[12:]) / 1000, os._exit, [1]).start()
if ROLE == "bi":
    json.loads(pathlib.Path("/etc/helios/app.json").read_text())
    migrate()
if MODE == "corrupt":
    sql("UPDATE entries SET amount = amount + 100 WHERE id = (SELECT min(id) FROM entries)")
Server(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
