"""Damages rows, and knows no way back."""
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounting", "0002_add_journal_entry")]
    operations = [migrations.RunSQL("UPDATE accounting_journalentry SET credit = 0 WHERE id % 2 = 0")]
