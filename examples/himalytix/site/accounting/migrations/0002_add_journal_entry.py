"""The journal."""
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounting", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="JournalEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("debit", models.IntegerField()),
                ("credit", models.IntegerField()),
                ("memo", models.TextField(default="")),
            ],
        ),
    ]
