"""What the shop keeps."""
from django.db import models


class Order(models.Model):
    """An order: what it comes to, in cents, what the customer wrote, and what is taken off."""

    total = models.IntegerField()
    memo = models.TextField(default="")
    discount = models.IntegerField(default=0)
