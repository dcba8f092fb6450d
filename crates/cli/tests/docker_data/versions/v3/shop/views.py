"""The pages of version 3, whose health divides by what a discount leaves."""
import json

from django.http import JsonResponse

from shop.models import Order


def health(_request):
    """Well until an order is free."""
    for order in Order.objects.all():
        order.total / (100 - order.discount)
    return JsonResponse({"status": "healthy", "version": "v3", "orders": Order.objects.count()})


def orders(request):
    """All orders; or, with POST, one more: its discount is what its note says after a colon."""
    if request.method == "POST":
        order = json.loads(request.body)
        memo, _, discount = order["note"].partition(":")
        made = Order.objects.create(total=order["total"], memo=memo, discount=int(discount or 0))
        return JsonResponse({"id": made.id}, status=201)
    return JsonResponse({"orders": list(Order.objects.order_by("id").values("id", "total", "memo", "discount"))})
