"""An audit log, whose second half fails: the first half stays, because it is not one transaction."""
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounting", "0002_add_journal_entry")]
    operations = [
        migrations.CreateModel("AuditLog", [("id", models.BigAutoField(primary_key=True)), ("what", models.TextField())]),
        migrations.RunSQL("INSERT INTO accounting_auditlog (what) SELECT author FROM accounting_journalentry"),
    ]
