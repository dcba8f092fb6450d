"""What the shop keeps."""
from django.db import models


class Order(models.Model):
    """An order: what it comes to, in cents, and what the customer wrote."""

    total = models.IntegerField()
    note = models.TextField()
