"""What the handlers reach through `request.app`, by typed keys."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from gateway.config.settings import Settings
from gateway.domain.access import Actor
from gateway.domain.observation import Observer
from gateway.render.look import Branding
from gateway.service.audit import Audit
from gateway.service.bypass_links import BypassLinks
from gateway.service.component_groups import ComponentGroups
from gateway.service.component_history import ComponentHistories
from gateway.service.components import Components
from gateway.service.fence import Fences
from gateway.service.limits import Limits
from gateway.service.once import Onces
from gateway.service.operators import Operators
from gateway.service.past import PastWindows
from gateway.service.preview import Previews
from gateway.service.second_factors import SecondFactors
from gateway.service.series import SeriesOfWindows
from gateway.service.sessions import Sessions
from gateway.service.state import State
from gateway.service.statistics import Statistics
from gateway.service.templates import Templates
from gateway.service.tokens import Tokens
from gateway.service.uptimes import Uptimes
from gateway.service.windows import Windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """All use cases, as one value."""

    windows: Windows
    past: PastWindows
    series: SeriesOfWindows
    previews: Previews
    components: Components
    component_groups: ComponentGroups
    component_histories: ComponentHistories
    uptimes: Uptimes
    operators: Operators
    sessions: Sessions
    second_factors: SecondFactors
    tokens: Tokens
    templates: Templates
    bypass_links: BypassLinks
    fences: Fences
    statistics: Statistics
    audit: Audit
    onces: Onces
    limits: Limits
    state: State


SERVICES = web.AppKey("SERVICES", Services)
SETTINGS = web.AppKey("SETTINGS", Settings)
BRANDING = web.AppKey("BRANDING", Branding)
READY: web.AppKey[Callable[[], bool]] = web.AppKey("READY")
OBSERVE: web.AppKey[Observer] = web.AppKey("OBSERVE")

ACTOR = web.RequestKey("ACTOR", Actor)
