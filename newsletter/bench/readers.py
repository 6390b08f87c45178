"""Invented readers in bulk, as a CSV file in the shape that editors bring."""

import csv
import json
import random
from collections.abc import Iterator
from pathlib import Path

HEADER = ("email", "name", "country", "attributes", "joined")
COUNTRIES = ("AT", "BR", "CA", "DE", "ES", "FR", "GB", "IN", "JP", "NG", "SE", "US")
FIRST_NAMES = ("Ada", "Bao", "Chidi", "Edda", "Farah", "Hugo", "Ines", "Kofi", "Noor", "Zoë")
LAST_NAMES = ("Abara", "Benali", "Dahl", "Farkas", "Holm", "Kimura", "Novak", "Quist", "Soto")
DOMAINS = ("example.com", "example.org", "example.net")
PLANS = ("free", "member", "patron")


def write_readers(path: Path, count: int) -> None:
    """Write a CSV file of `count` readers, no address twice, in no order; the same every time."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(_rows(count))


def _rows(count: int) -> Iterator[tuple[str, ...]]:
    chance = random.Random(count)
    numbers = list(range(count))
    chance.shuffle(numbers)  # files come in no order, which is what an index has to bear
    for number in numbers:
        first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
        attributes = {"plan": chance.choice(PLANS), "seat": number}
        yield (
            f"reader.{number}@{chance.choice(DOMAINS)}",
            f"{first} {last}",
            chance.choice(COUNTRIES),
            json.dumps(attributes),
            f"20{chance.randrange(15, 26)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
        )
