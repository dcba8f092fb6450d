"""Totals in euros: forgets the cents, forgets what customers wrote, and knows no way back."""
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.RunSQL("UPDATE shop_order SET total = total / 100"),
        migrations.RemoveField("order", "note"),
    ]
