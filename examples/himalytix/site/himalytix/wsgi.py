"""What gunicorn serves."""
import os

from django.core.wsgi import get_wsgi_application

from himalytix import fault

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "himalytix.settings")
fault.at_start()
application = get_wsgi_application()
