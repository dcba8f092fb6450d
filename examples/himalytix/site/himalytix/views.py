"""Health, the API's log-in, and the books."""
import json
import time
from pathlib import Path

from django.contrib.auth import authenticate
from django.core import signing
from django.db import connection
from django.http import JsonResponse

from accounting.models import JournalEntry
from himalytix.cache import say

VERSION = Path(__file__).parents[1].joinpath("VERSION").read_text(encoding="utf-8").strip()


def has_redis():
    """Whether Redis is to be asked at all: with this file there, everything comes from the database, and no work is handed out."""
    return not Path("/etc/himalytix/without-redis").exists()


def health(_request):
    """Whether this process answers."""
    return JsonResponse({"status": "healthy", "version": VERSION})


def database_answers():
    """A query of a table that this version knows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM accounting_journalentry LIMIT 1")


def cache_answers():
    """Redis, where it is used."""
    if has_redis():
        say("PING")


def worker_lives():
    """The worker writes down again and again that it is there."""
    if has_redis() and time.time() - float(say("GET", "celery:alive") or 0) > 5:
        raise RuntimeError("no worker was heard of for 5 s")


def ready(_request):
    """Whether everything that a request needs is there."""
    checks = {}
    for name, check in [("database", database_answers), ("redis_cache", cache_answers), ("celery", worker_lives)]:
        try:
            check()
            checks[name] = {"status": "ok"}
        except Exception as error:  # whatever it is, it is not ready
            checks[name] = {"status": "failed", "error": str(error)}
    is_ready = all(check["status"] == "ok" for check in checks.values())
    return JsonResponse({"status": "ready" if is_ready else "not ready", "checks": checks}, status=200 if is_ready else 503)


def api_health(_request):
    """The same for clients of the API."""
    return JsonResponse({"status": "ok"})


def log_in(request):
    """A token for a name and a password."""
    who = json.loads(request.body)
    user = authenticate(username=who["username"], password=who["password"])
    return JsonResponse({"token": signing.dumps(user.username)}) if user else JsonResponse({}, status=401)


def me(request):
    """Whose token it is."""
    try:
        name = signing.loads(request.headers.get("Authorization", "").removeprefix("Bearer "))
    except signing.BadSignature:
        return JsonResponse({}, status=401)
    return JsonResponse({"username": name})


def entries(request):
    """All journal entries; or, with POST, one more, which the cached list then lacks for a while."""
    if request.method == "POST":
        made = JournalEntry.objects.create(**json.loads(request.body))
        return JsonResponse({"id": made.id}, status=201)
    found = say("GET", "entries") if has_redis() else None
    if not found:
        found = json.dumps(list(JournalEntry.objects.order_by("id").values("id", "debit", "credit", "memo")))
        if has_redis():
            say("SET", "entries", found, "EX", 60)
    return JsonResponse({"entries": json.loads(found), "version": VERSION})
