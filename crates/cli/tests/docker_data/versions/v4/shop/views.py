"""The pages of version 4: version 3, mended."""
import json

from django.http import JsonResponse

from shop.models import Order


def health(_request):
    """Whether orders can be read."""
    return JsonResponse({"status": "healthy", "version": "v4", "orders": Order.objects.count()})


def orders(request):
    """All orders; or, with POST, one more: its discount is what its note says after a colon."""
    if request.method == "POST":
        order = json.loads(request.body)
        memo, _, discount = order["note"].partition(":")
        made = Order.objects.create(total=order["total"], memo=memo, discount=int(discount or 0))
        return JsonResponse({"id": made.id}, status=201)
    return JsonResponse({"orders": list(Order.objects.order_by("id").values("id", "total", "memo", "discount"))})
