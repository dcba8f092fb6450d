"""The books."""
from django.db import models


class JournalEntry(models.Model):
    """An entry: debit and credit in cents, which are equal over all entries."""

    debit = models.IntegerField()
    credit = models.IntegerField()
    memo = models.TextField(default="")
