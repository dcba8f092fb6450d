"""Discounts, and another name for what customers wrote: every step has a way back."""
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.AddField("order", "discount", models.IntegerField(default=0)),
        migrations.AddField("order", "memo", models.TextField(default="")),
        migrations.RunSQL("UPDATE shop_order SET memo = note", reverse_sql="UPDATE shop_order SET note = memo"),
        migrations.AlterField("order", "note", models.TextField(default="")),
        migrations.RemoveField("order", "note"),
    ]
