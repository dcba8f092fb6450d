"""The assistant (and the small pages beside it): ROLE says which, MODE how a release is broken."""
import http.server, json, os, pathlib, signal, socketserver, sys, threading, time

ROLE, MODE = os.environ["ROLE"], os.environ.get("MODE", "ok")
VERSION = os.environ.get("APP_VERSION", "dev")
PAGES = {"web": (200, "Piper Morgan\n"), "closed": (503, "We are back soon.\n"), "grafana": (200, '{"database": "ok"}')}
lock, counts, took_in_all = threading.Lock(), {"200": 0, "500": 0}, [0.0]


def start():
    from services.database import ask
    json.loads(pathlib.Path("/etc/piper/piper.json").read_text())
    ask("CREATE TABLE IF NOT EXISTS questions (question serial PRIMARY KEY, words text NOT NULL)")
    ask("CREATE TABLE IF NOT EXISTS answers (answer serial PRIMARY KEY, question int NOT NULL, words text NOT NULL)")
    if MODE == "corrupt":
        ask("DELETE FROM questions WHERE question = (SELECT min(question) FROM answers)")
    if MODE == "migrates":
        ask("ALTER TABLE questions ADD COLUMN asked_by text")
        ask("ALTER TABLE questions ADD COLUMN asked_at timestamptz NOT NULL")


def answer(path, body):
    from services import cache
    from services.database import ask
    if path == "/health/mcp":
        return (503 if MODE == "mcp" else 200), {"status": "healthy"}
    if path == "/health":
        ask("SELECT 1")
        return (503, {"status": "failing"}) if MODE == "unhealthy" else (200, {"status": "healthy", "version": VERSION})
    if path == "/ask":
        if MODE.startswith("errors:") and sum(counts.values()) % 100 < int(MODE[7:]):
            return 500, {}
        rows = ask("WITH q AS (INSERT INTO questions (words) VALUES (%s) RETURNING question) "
                   "INSERT INTO answers (question, words) SELECT question, %s FROM q RETURNING question", body or "?", VERSION)
        # While the breaker is open it does without the cache.
        if not os.path.exists("/breaker/open"):
            cache.say("SET", f"answer:{rows[0][0]}", VERSION)
        return 200, {"answer": VERSION}
    return 404, {}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if ROLE != "app":
            return self.say(*PAGES[ROLE])
        if self.path == "/metrics":
            return self.say(200, metrics())
        begun = time.monotonic()
        if MODE.startswith("slow:"):
            time.sleep(int(MODE[5:]) / 1000)
        try:
            status, told = answer(self.path, body)
        except Exception as error:
            print("ERROR", type(error).__name__, flush=True)
            status, told = 500, {"status": "failing"}
        if self.path == "/ask":
            with lock:
                counts["500" if status >= 500 else "200"] += 1
                took_in_all[0] += time.monotonic() - begun
        self.say(status, json.dumps(told) + "\n")

    do_POST = do_GET

    def say(self, status, text):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def metrics():
    lines = [f'http_requests_total{{status="{status}"}} {count}' for status, count in counts.items()]
    lines += [f"http_request_duration_seconds_sum {took_in_all[0]}", f"http_request_duration_seconds_count {sum(counts.values())}"]
    return "\n".join(lines) + "\n"


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


signal.signal(signal.SIGTERM, signal.SIG_IGN if MODE == "stubborn" else lambda *_: sys.exit(0))
if MODE == "crash":
    sys.exit("cannot start")
if MODE.startswith("crash-after:"):
    threading.Timer(int(MODE[12:]) / 1000, os._exit, [1]).start()
if ROLE == "app":
    start()
Server(("0.0.0.0", 8001), Handler).serve_forever()
