"""Where what is."""
from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.urls import path

from himalytix import measure, views

urlpatterns = [
    path("health/", views.health),
    path("health/ready/", views.ready),
    path("metrics", measure.metrics),
    path("admin/", admin.site.urls),
    path("accounts/login/", LoginView.as_view(template_name="admin/login.html")),
    path("api/v1/health/", views.api_health),
    path("api/v1/auth/login/", views.log_in),
    path("api/v1/users/me/", views.me),
    path("api/v1/entries/", views.entries),
]
