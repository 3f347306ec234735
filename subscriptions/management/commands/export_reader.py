import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from subscriptions.management.base import ReaderCommand
from subscriptions.readers import personal_data


class Command(ReaderCommand):
    help = "Print all data about one reader as JSON (GDPR, art. 15 and 20)."

    def handle(self, *args: Any, **options: Any) -> None:
        data = personal_data.export(self.find(options), now=timezone.now())
        self.stdout.write(json.dumps(data, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False))
