"""The look that the pages share: templates in which every text that is given is escaped."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from nextjob import __version__
from nextjob.report.numbers import percent, signed
from nextjob.report.plots import svg


def render(template: str, **content: object) -> str:
    """A template of nextjob/templates as HTML, with `svg`, `percent`, `signed` and `zip` as filters."""
    return _environment().get_template(template).render(**content)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("nextjob"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals["version"] = __version__
    environment.filters |= {"svg": svg, "percent": percent, "signed": signed, "zip": zip}
    return environment
