"""From the settings to what the pages say about whose they are, with every file that these name read and checked."""

from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.config.settings import Settings
from gateway.domain.observation import Observer
from gateway.render.environment import page_style
from gateway.render.logo import read_logo
from gateway.render.look import Branding, FootLink
from gateway.render.template_check import check_templates


def read_branding(settings: Settings, observe: Observer) -> Branding:
    """Read what the settings of the pages name, and try it out; `observe` is told what fails all the same, later.

    Raises:
        InvalidError: the logo can't be used, the accent can't be read on the pages, or a template of the product's own
            can't show one of the sample pages; `fields` names the setting.
    """
    maintenance, page = settings.maintenance, settings.page
    templates = Path(page.templates).resolve() if page.templates else None
    page_style(page.accent)
    branding = Branding(
        product=maintenance.product,
        support_email=maintenance.support_email,
        prefix=maintenance.prefix,
        support_text=page.support_text,
        support_url=page.support_url,
        introduction=page.introduction,
        links=tuple(FootLink(name=link.name, url=link.url) for link in page.links),
        logo=read_logo(Path(page.logo)) if page.logo else None,
        accent=page.accent,
        templates=templates,
        language=page.language,
        languages=page.languages,
        time_zone=UTC if page.time_zone == "UTC" else ZoneInfo(page.time_zone),
        observe=observe,
    )
    if templates is not None:
        check_templates(templates, branding)
    return branding
