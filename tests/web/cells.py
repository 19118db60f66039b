"""What each route offers, and the least that it takes: written down by hand, beside the table of `domain/access.py`.

A rule that is changed there by mistake fails here. `reporter` stands for the token scope `report`, `operator` for
`write`, `administrator` for `admin`, `viewer` for `read`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The methods of a route, and the least role that may use them."""

    methods: frozenset[str]
    least: str


_TABLE = """
status.page                                   GET HEAD       everybody
status.window                                 GET HEAD       everybody
status.history                                GET HEAD       everybody
status.asset                                  GET HEAD       everybody
status.bare                                   GET HEAD       everybody
status.problem                                GET HEAD       everybody
status.refused                                GET HEAD       everybody
status.language                               POST           everybody
status.embed                                  GET HEAD       everybody
status.api.v2.summary                         GET HEAD       everybody
status.api.v2.status                          GET HEAD       everybody
status.api.v2.components                      GET HEAD       everybody
status.api.v2.incidents                       GET HEAD       everybody
status.api.v2.incidents.unresolved            GET HEAD       everybody
status.api.v2.scheduled_maintenances          GET HEAD       everybody
status.api.v2.scheduled_maintenances.upcoming GET HEAD       everybody
status.api.v2.scheduled_maintenances.active   GET HEAD       everybody
status.feed.atom                              GET HEAD       everybody
status.feed.rss                               GET HEAD       everybody
status.calendar.ics                           GET HEAD       everybody
status.badge.svg                              GET HEAD       everybody
status.banner                                 GET HEAD       everybody
bypass.visit                                  GET            everybody
bypass.leave                                  POST           everybody
admin.bare                                    GET HEAD       everybody
admin.sign_in                                 GET HEAD POST  everybody
admin.second_factor                           GET HEAD POST  everybody
admin.link                                    GET HEAD POST  everybody
admin.sign_out                                POST           everybody
admin.dashboard                               GET HEAD       viewer
admin.windows                                 GET HEAD       viewer
admin.window                                  GET HEAD       viewer
admin.window.new                              GET HEAD POST  operator
admin.window.edit                             GET HEAD POST  operator
admin.window.start                            POST           operator
admin.window.extend                           POST           operator
admin.window.fixed                            POST           operator
admin.window.end                              POST           operator
admin.window.cancel                           POST           operator
admin.window.reopen                           POST           operator
admin.window.preview                          POST           viewer
admin.window.new.preview                      POST           operator
admin.window.edit.preview                     POST           operator
admin.window.post                             POST           reporter
admin.window.fence                            GET HEAD       viewer
admin.series.list                             GET HEAD       viewer
admin.series                                  GET HEAD       viewer
admin.series.edit                             GET HEAD POST  operator
admin.series.edit.preview                     POST           operator
admin.series.skip                             POST           operator
admin.series.end                              POST           operator
admin.replica.forget                          POST           operator
admin.window.update                           POST           reporter
admin.templates                               GET HEAD       viewer
admin.template.new                            GET HEAD POST  operator
admin.template.edit                           GET HEAD POST  operator
admin.template.remove                         POST           operator
admin.template.use                            GET HEAD POST  operator
admin.bypass                                  GET HEAD       viewer
admin.bypass.new                              POST           operator
admin.bypass.revoke                           POST           operator
admin.components                              GET HEAD       viewer
admin.component                               GET HEAD       viewer
admin.component.new                           POST           operator
admin.component.edit                          POST           operator
admin.component.move                          POST           operator
admin.component.remove                        POST           operator
admin.component.status                        POST           reporter
admin.group                                   GET HEAD       viewer
admin.group.new                               POST           operator
admin.group.edit                              POST           operator
admin.group.move                              POST           operator
admin.group.remove                            POST           operator
admin.history                                 GET HEAD       viewer
admin.history.csv                             GET HEAD       viewer
admin.history.json                            GET HEAD       viewer
admin.audit                                   GET HEAD       viewer
admin.audit.csv                               GET HEAD       viewer
admin.audit.jsonl                             GET HEAD       viewer
admin.account                                 GET HEAD       viewer
admin.account.revoke                          POST           viewer
admin.account.sign_out_elsewhere              POST           viewer
admin.account.password                        POST           viewer
admin.account.second_factor                   GET HEAD       viewer
admin.account.second_factor.begin             POST           viewer
admin.account.second_factor.confirm           POST           viewer
admin.account.second_factor.codes             POST           viewer
admin.account.second_factor.remove            POST           viewer
admin.gateways                                GET HEAD       viewer
admin.gateways.live                           GET HEAD       viewer
admin.operators                               GET HEAD       administrator
admin.operator                                GET HEAD       administrator
admin.operator.new                            POST           administrator
admin.operator.role                           POST           administrator
admin.operator.link                           POST           administrator
admin.operator.sign_out                       POST           administrator
admin.operator.disable                        POST           administrator
admin.operator.enable                         POST           administrator
admin.tokens                                  GET HEAD       administrator
admin.token.new                               POST           administrator
admin.token.revoke                            GET HEAD POST  administrator
probe.live                                    GET HEAD       everybody
probe.ready                                   GET HEAD       everybody
api.openapi                                   GET HEAD       everybody
api.windows.list                              GET HEAD       viewer
api.windows.show                              GET HEAD       viewer
api.windows.create                            POST           operator
api.windows.edit                              PATCH          operator
api.windows.start                             POST           operator
api.windows.extend                            POST           operator
api.windows.end                               POST           operator
api.windows.cancel                            POST           operator
api.windows.reopen                            POST           operator
api.windows.post                              POST           reporter
api.windows.fence                             GET HEAD       viewer
api.preview                                   POST           viewer
api.windows.statistics                        GET HEAD       viewer
api.history.list                              GET HEAD       viewer
api.history.csv                               GET HEAD       viewer
api.history.json                              GET HEAD       viewer
api.fences                                    GET HEAD       viewer
api.replicas.list                             GET HEAD       viewer
api.replicas.forget                           DELETE         operator
api.series.list                               GET HEAD       viewer
api.series.preview                            POST           viewer
api.series.show                               GET HEAD       viewer
api.series.edit                               PATCH          operator
api.series.end                                POST           operator
api.components.list                           GET HEAD       viewer
api.components.show                           GET HEAD       viewer
api.components.add                            POST           operator
api.components.edit                           PATCH          reporter
api.components.remove                         DELETE         operator
api.components.order                          POST           operator
api.components.move                           POST           operator
api.components.history                        GET HEAD       viewer
api.groups.list                               GET HEAD       viewer
api.groups.add                                POST           operator
api.groups.show                               GET HEAD       viewer
api.groups.edit                               PATCH          operator
api.groups.remove                             DELETE         operator
api.groups.order                              POST           operator
api.groups.move                               POST           operator
api.templates.list                            GET HEAD       viewer
api.templates.show                            GET HEAD       viewer
api.templates.add                             POST           operator
api.templates.edit                            PATCH          operator
api.templates.remove                          DELETE         operator
api.templates.render                          POST           viewer
api.tokens.list                               GET HEAD       administrator
api.tokens.show                               GET HEAD       administrator
api.tokens.create                             POST           administrator
api.tokens.revoke                             DELETE         administrator
api.operators.list                            GET HEAD       administrator
api.operators.show                            GET HEAD       administrator
api.operators.add                             POST           administrator
api.operators.edit                            PATCH          administrator
api.operators.disable                         POST           administrator
api.operators.enable                          POST           administrator
api.operators.sign_out                        POST           administrator
api.operators.reset_second_factor             POST           administrator
api.operators.link                            POST           administrator
api.audit.list                                GET HEAD       viewer
api.audit.show                                GET HEAD       viewer
api.audit.csv                                 GET HEAD       viewer
api.audit.jsonl                               GET HEAD       viewer
api.bypass_links.list                         GET HEAD       viewer
api.bypass_links.create                       POST           operator
api.bypass_links.revoke                       DELETE         operator
"""


def _cells() -> dict[str, Cell]:
    rows = [line.split() for line in _TABLE.strip().splitlines()]
    assert len({name for name, *_ in rows}) == len(rows)
    return {name: Cell(methods=frozenset(methods), least=least) for name, *methods, least in rows}


CELLS = _cells()
