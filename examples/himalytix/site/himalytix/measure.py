"""Counts what users ask for, and how long that took, under the names that django-prometheus has. Health checks are no users."""
import time
from threading import Lock

from django.db import connection
from django.http import HttpResponse

from himalytix import fault

EDGES = [0.05, 0.1, 0.25, 0.5, 1, 2.5]
lock, requests, buckets, took = Lock(), {200: 0, 500: 0}, [0] * (len(EDGES) + 1), [0.0]


class Measure:
    """The middleware."""

    def __init__(self, answer):
        self.answer = answer

    def __call__(self, request):
        began = time.monotonic()
        if request.path == "/metrics":
            return self.answer(request)
        wrong = fault.at_request(request.path, sum(requests.values()))
        answer = HttpResponse(status=wrong) if wrong else self.answer(request)
        if request.path.startswith("/health/"):
            return answer
        seconds = time.monotonic() - began
        with lock:
            requests[answer.status_code] = requests.get(answer.status_code, 0) + 1
            buckets[next((i for i, edge in enumerate(EDGES) if seconds <= edge), len(EDGES))] += 1
            took[0] += seconds
        return answer


def metrics(_request):
    """The page for Prometheus."""
    name, lines, so_far = "django_http_request_duration_seconds", [], 0
    with lock:
        for status, count in requests.items():
            lines.append(f'django_http_requests_total_by_view_transport_method_total{{status="{status}"}} {count}')
        for edge, count in zip([*EDGES, "+Inf"], buckets):
            so_far += count
            lines.append(f'{name}_bucket{{le="{edge}"}} {so_far}')
        lines += [f"{name}_sum {took[0]}", f"{name}_count {so_far}"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname, numbackends FROM pg_stat_database WHERE datname = current_database()")
        database, backends = cursor.fetchone()
    lines.append(f'pg_stat_database_numbackends{{datname="{database}"}} {backends}')
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")
