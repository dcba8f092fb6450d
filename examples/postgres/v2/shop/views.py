"""The pages of version 2, whose health asks for a column that its own migration took away."""
import json

from django.db import connection
from django.http import JsonResponse

from shop.models import Order


def health(_request):
    """Whether orders can be read."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(note) FROM shop_order")
        return JsonResponse({"status": "healthy", "version": "v2", "orders": cursor.fetchone()[0]})


def orders(request):
    """All orders; or, with POST, one more."""
    if request.method == "POST":
        made = Order.objects.create(total=json.loads(request.body)["total"])
        return JsonResponse({"id": made.id}, status=201)
    return JsonResponse({"orders": list(Order.objects.order_by("id").values("id", "total"))})
