"""What a page has to be: well nested, escaped, whole, without anything from outside."""

import re
from html.parser import HTMLParser

PLANTED = "<script>alert('x')</script>"
VOID = {"meta", "br"}


class Page(HTMLParser):
    """Collects tags, attributes and text, and fails on a tag that is closed out of turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.text: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def assert_whole(made: str) -> Page:
    """Nothing is loaded, every link of the contents has its place, and it reads in the dark and on a phone."""
    page = Page(made)
    assert not {"script", "link", "iframe", "img", "object", "embed"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert not re.findall(r"@import|url\((?!#)", made)
    loading = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in ("src", "srcset", "href", "xlink:href", "action")
    ]
    assert all(value.startswith(("#", "data:image/png;base64,")) for value in loading), loading
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert {attributes["href"][1:] for tag, attributes in page.tags if tag == "a"} <= set(identifiers)
    clips = re.findall(r'<clipPath id="([^"]+)"', made)
    assert len(clips) == len(set(clips))
    assert "prefers-color-scheme: dark" in made
    assert 'content="width=device-width' in made
    return page
