"""What Celery does here: `tasks` takes work from Redis and says that it is there; `beat` hands out work once a minute."""
import sys
import time

from himalytix.cache import say

while True:
    try:
        if sys.argv[1] == "beat":
            say("RPUSH", "celery", "close-the-day")
            time.sleep(60)
        else:
            say("SET", "celery:alive", time.time())
            say("BLPOP", "celery", "0.2")
    except (OSError, RuntimeError):
        time.sleep(0.2)
