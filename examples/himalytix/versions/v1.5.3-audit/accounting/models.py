"""The books, and who wrote in them."""
from django.db import models


class JournalEntry(models.Model):
    """An entry: debit and credit in cents, which are equal over all entries."""

    debit = models.IntegerField()
    credit = models.IntegerField()
    memo = models.TextField(default="")
    author = models.TextField()


class AuditLog(models.Model):
    """What was done."""

    what = models.TextField()
