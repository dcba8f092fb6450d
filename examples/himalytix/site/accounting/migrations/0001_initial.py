"""The first schema: nothing yet."""
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = []
    operations = []
