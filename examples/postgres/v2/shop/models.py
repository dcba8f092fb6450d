"""What the shop keeps."""
from django.db import models


class Order(models.Model):
    """An order: what it comes to, in euros by mistake."""

    total = models.IntegerField()
