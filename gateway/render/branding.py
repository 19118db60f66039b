"""From the settings to what the pages say about whose they are, with every file that these name read and checked."""

from pathlib import Path

from gateway.config.settings import Settings
from gateway.render.contexts import Branding, FootLink
from gateway.render.environment import page_style
from gateway.render.logo import read_logo


def read_branding(settings: Settings) -> Branding:
    """Read what the settings of the pages name.

    Raises:
        InvalidError: the logo can't be used, or the accent can't be read on the pages; `fields` names the setting.
    """
    maintenance, page = settings.maintenance, settings.page
    page_style(page.accent)
    return Branding(
        product=maintenance.product,
        support_email=maintenance.support_email,
        prefix=maintenance.prefix,
        support_text=page.support_text,
        support_url=page.support_url,
        introduction=page.introduction,
        links=tuple(FootLink(name=link.name, url=link.url) for link in page.links),
        logo=read_logo(Path(page.logo)) if page.logo else None,
        accent=page.accent,
    )
