"""The pages of version 1."""
import json

from django.http import JsonResponse

from shop.models import Order


def greeting():
    """What the configuration says."""
    with open("/etc/shop.json", encoding="utf-8") as file:
        return json.load(file)["greeting"]


def health(_request):
    """Whether orders can be read."""
    return JsonResponse({"status": "healthy", "version": "v1", "orders": Order.objects.count(), "says": greeting()})


def orders(request):
    """All orders; or, with POST, one more."""
    if request.method == "POST":
        order = json.loads(request.body)
        made = Order.objects.create(total=order["total"], note=order["note"])
        return JsonResponse({"id": made.id}, status=201)
    found = Order.objects.order_by("id").values("id", "total", "note")
    return JsonResponse({"orders": list(found)})
