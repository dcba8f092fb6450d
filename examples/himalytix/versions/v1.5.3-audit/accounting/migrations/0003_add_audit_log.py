"""An audit log, and who posted an entry: v1.5.2 cannot post any more, because it names nobody. Undoing it drops both."""
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounting", "0002_add_journal_entry")]
    operations = [
        migrations.CreateModel("AuditLog", [("id", models.BigAutoField(primary_key=True)), ("what", models.TextField())]),
        migrations.AddField("JournalEntry", "author", models.TextField(default="unknown"), preserve_default=False),
    ]
