from emails.addresses import Addresses
from emails.brand import Brand, Utm
from emails.composer import compose
from emails.issue import Issue
from emails.outline import Outline
from emails.preflight import check
from emails.whereabouts import Whereabouts

ISSUE = Issue.model_validate(
    {
        "date": "2026-11-22",
        "title": "T",
        "sections": [
            {
                "kind": "essay",
                "body": "[](https://a.example/empty) [here](https://bit.ly/x) [](ftp://c.example) "
                "![](https://i.example/p.png)",
            },
            {
                "kind": "links",
                "items": [
                    {"title": "A", "url": "https://a.example/1"},
                    {"title": "B", "url": "https://192.0.2.1/2?page=3"},
                ],
            },
            {
                "kind": "papers",
                "items": [
                    {"title": "P", "abstract_format": "latex", "abstract": "Fine."},
                    {"title": "$\\nix$", "abstract_format": "latex", "abstract": "$\\nada$"},
                ],
            },
        ],
    }
)
ADDRESSES = Addresses.sample()
TAGGED = Brand.default().model_copy(update={"utm": Utm(source="the-report", medium="email")})


def test_every_finding_names_the_field_that_an_editor_has_to_look_at() -> None:
    composition = compose(ISSUE, TAGGED, addresses=ADDRESSES)
    found = check(composition, issue=ISSUE, brand=TAGGED, addresses=ADDRESSES)
    fields = {(one.code, one.field) for one in found}
    assert fields >= {
        ("unsafe-link", "sections[0].body"),
        ("empty-link", "sections[0].body"),
        ("shortened-link", "sections[0].body"),
        ("vague-link", "sections[0].body"),
        ("no-alt", "sections[0].body"),
        ("bare-number-link", "sections[1].items[1].url"),
        ("unknown-tex", "sections[2].items[1].title"),
        ("unknown-tex", "sections[2].items[1].abstract"),
    }


def test_a_tracked_address_is_told_as_what_it_leads_to() -> None:
    composition = compose(ISSUE, TAGGED, addresses=ADDRESSES)
    found = check(composition, issue=ISSUE, brand=TAGGED, addresses=ADDRESSES)
    (message,) = [one.message for one in found if one.code == "empty-link"]
    assert "https://a.example/empty" in message
    assert "newsletter.example/c/" not in message


def test_what_no_field_holds_is_the_mails_own() -> None:
    composition = compose(ISSUE, TAGGED, addresses=ADDRESSES)
    whereabouts = Whereabouts(ISSUE, composition)
    (address, *_), *_ = Outline(composition.html).links
    assert whereabouts.url(address) == address
    assert whereabouts.field("https://elsewhere.example/") == "html"
