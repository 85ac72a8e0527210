"""Every address that the service answers, on one page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from tactful.errors import TactfulError
from tactful.store.opening import missing_migrations
from tactful.web import (
    account,
    assets,
    browser,
    files,
    ingest,
    login,
    manage,
    manage_identity,
    manage_journal,
    manage_receivers,
    members_pages,
    openapi,
    page_events,
    posthog,
    preferences,
    receivers,
    sdk_settings,
    stream,
)
from tactful.web import preview as shared_preview
from tactful.web.dashboard import (
    backtest,
    definition,
    events,
    identity,
    install,
    live,
    people,
    preview,
    projects,
    receiver_edit,
    receiver_try,
    responses,
    results,
    rights,
    sender_templates,
    settings,
    surveys,
)
from tactful.web.dashboard import (
    receivers as receiver_pages,
)
from tactful.web.docs import pages as docs

__all__ = ["INGEST_PATHS", "ROUTES"]


async def healthz(_request: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    """The database answers, with every migration applied that this version needs."""
    try:
        missing = await browser.service_of(request).db.read(missing_migrations)
    except Exception as broken:
        raise _not_ready("The database does not answer.") from broken
    if missing:
        raise _not_ready(f"The database lacks {missing[0]}: it was replaced by an older one. Run `tactful migrate`.")
    alarm = browser.service_of(request).watch.alarm
    return PlainTextResponse("ready\n" if alarm is None else "ready, but asking nobody: the clock jumped\n")


def _not_ready(message: str) -> TactfulError:
    refused = TactfulError("not_ready", message)
    refused.status = 503
    return refused


ROUTES: list[BaseRoute] = [
    # The hot path first: routes are tried in this order.
    Route("/w/events", page_events.events, methods=["POST"]),
    Route("/w/asks", browser.asks, methods=["POST"]),
    Route("/w/responses", browser.responses, methods=["POST"]),
    Route("/w/closings", browser.closings, methods=["POST"]),
    Route("/w/preferences", preferences.preferences, methods=["POST"]),
    Route("/w/clicks", browser.clicks, methods=["POST"]),
    Route("/w/live", stream.LiveStream(), methods=["POST"]),
    Route("/w/loader-{hash}.js", files.pinned_loader),
    Route("/w/card-{hash}.js", files.card),
    Route("/w/more-{hash}.js", files.more),
    Route("/w/live-{hash}.js", files.live),
    Route("/w/moments-{hash}.js", files.moments),
    Route("/w/tact-{hash}.js", files.tact),
    Route("/w/{public_key}.js", files.loader),
    Route("/w/{public_key}.json", files.configuration),
    Route("/v1/batch", ingest.Ingest(), methods=["POST"]),
    Route("/v1/import", ingest.Ingest(), methods=["POST"]),
    Route("/v1/b", ingest.Ingest(), methods=["POST"]),
    Route("/beacon/v1/batch", ingest.Ingest(), methods=["POST"]),
    Route("/v1/track", ingest.Ingest("track"), methods=["POST"]),
    Route("/v1/t", ingest.Ingest("track"), methods=["POST"]),
    Route("/v1/identify", ingest.Ingest("identify"), methods=["POST"]),
    Route("/v1/i", ingest.Ingest("identify"), methods=["POST"]),
    Route("/v1/group", ingest.Ingest("group"), methods=["POST"]),
    Route("/v1/g", ingest.Ingest("group"), methods=["POST"]),
    Route("/v1/page", ingest.Ingest("page"), methods=["POST"]),
    Route("/v1/p", ingest.Ingest("page"), methods=["POST"]),
    Route("/v1/screen", ingest.Ingest("screen"), methods=["POST"]),
    Route("/v1/s", ingest.Ingest("screen"), methods=["POST"]),
    Route("/v1/alias", ingest.Ingest("alias"), methods=["POST"]),
    Route("/v1/a", ingest.Ingest("alias"), methods=["POST"]),
    Route("/v1/m", ingest.Swallow(), methods=["POST"]),
    Route("/batch", ingest.Ingest(translate=posthog.as_segment), methods=["POST"]),
    Route("/v1/projects/{key}/settings", sdk_settings.settings, methods=["GET"]),
    Route("/v1/projects/{key}/settings", sdk_settings.preflight, methods=["OPTIONS"]),
    Route("/sourceConfig", sdk_settings.source_config, methods=["GET"]),
    Route("/sourceConfig", sdk_settings.preflight, methods=["OPTIONS"]),
    Route("/sourceConfig/", sdk_settings.source_config, methods=["GET"]),
    Route("/sourceConfig/", sdk_settings.preflight, methods=["OPTIONS"]),
    Route("/analytics.js/v1/{key}/analytics.min.js", sdk_settings.no_script),
    Route("/v1/receivers/{receiver_id}", receivers.receive, methods=["POST"]),
    Route("/v1/receivers/{receiver_id}", receivers.check, methods=["GET"]),
    Route("/api/v1/surveys", manage.get_surveys),
    Route("/api/v1/surveys/{key}", manage.get_survey, methods=["GET"]),
    Route("/api/v1/surveys/{key}", manage.put_survey, methods=["PUT"]),
    Route("/api/v1/surveys/{key}/results", manage.get_results),
    Route("/api/v1/surveys/{key}/versions", manage.get_versions),
    Route("/api/v1/surveys/{key}/versions/{version}", manage.get_version),
    Route("/api/v1/diff", manage.post_diff, methods=["POST"]),
    Route("/api/v1/surveys/{key}/refusals", manage_journal.get_refusals),
    Route("/api/v1/events", manage_journal.get_events),
    Route("/api/v1/policy", manage.get_policy, methods=["GET"]),
    Route("/api/v1/policy", manage.put_policy, methods=["PUT"]),
    Route("/api/v1/words", manage.get_words, methods=["GET"]),
    Route("/api/v1/words", manage.put_words, methods=["PUT"]),
    Route("/api/v1/receivers", manage_receivers.get_receivers),
    Route("/api/v1/receivers/{key}", manage_receivers.get_receiver, methods=["GET"]),
    Route("/api/v1/receivers/{key}", manage_receivers.put_receiver, methods=["PUT"]),
    Route("/api/v1/receivers/{key}", manage_receivers.delete_receiver, methods=["DELETE"]),
    Route("/api/v1/receivers/{key}/secret", manage_receivers.post_secret, methods=["POST"]),
    Route("/api/v1/receivers/{key}/secret/previous", manage_receivers.delete_previous_secret, methods=["DELETE"]),
    Route("/api/v1/identity", manage_identity.get_identity, methods=["GET"]),
    Route("/api/v1/identity", manage_identity.put_identity, methods=["PUT"]),
    Route("/api/v1/identity/secrets", manage_identity.post_identity_secret, methods=["POST"]),
    Route("/api/v1/identity/secrets/{secret_id}", manage_identity.delete_identity_secret, methods=["DELETE"]),
    Route("/api/v1/people", manage.get_people),
    Route("/api/v1/people/{person_id}", manage.get_person, methods=["GET"]),
    Route("/api/v1/people/{person_id}", manage.delete_person, methods=["DELETE"]),
    Route("/api/v1/people/{person_id}/export", manage.get_export),
    Route("/api/v1/people/{person_id}/preferences-link", manage.get_preferences_link),
    Route("/api/v1/people/{person_id}/why", manage.get_why),
    Route("/api/v1/responses", manage.get_responses),
    Route("/api/openapi.json", openapi.serve_document),
    Route("/", projects.home),
    Route("/projects", projects.projects, methods=["GET"]),
    Route("/projects", projects.create, methods=["POST"]),
    Route("/projects/{project_id}", surveys.project),
    Route("/projects/{project_id}/live", live.UpdatesStream(), methods=["GET"]),
    Route("/projects/{project_id}/surveys", surveys.surveys),
    Route("/projects/{project_id}/surveys/{key}", results.results),
    Route("/projects/{project_id}/surveys/{key}/definition", definition.definition),
    Route("/projects/{project_id}/surveys/{key}/preview", preview.preview, methods=["GET"]),
    Route("/projects/{project_id}/surveys/{key}/preview", preview.pasted, methods=["POST"]),
    Route("/projects/{project_id}/backtest", backtest.backtest, methods=["GET"]),
    Route("/projects/{project_id}/backtest", backtest.begin, methods=["POST"]),
    Route("/projects/{project_id}/backtest/cancel", backtest.cancel, methods=["POST"]),
    Route("/projects/{project_id}/responses", responses.responses),
    Route("/projects/{project_id}/responses/{response_id}", responses.response),
    Route("/projects/{project_id}/people", people.people),
    Route("/projects/{project_id}/people/{person_id}", people.person),
    Route("/projects/{project_id}/people/{person_id}/export", rights.download),
    Route("/projects/{project_id}/people/{person_id}/erase", rights.erase_person, methods=["POST"]),
    Route("/projects/{project_id}/people/{person_id}/opt-out/end", rights.end_their_opt_out, methods=["POST"]),
    Route("/projects/{project_id}/people/{person_id}/test/end", rights.end_being_test, methods=["POST"]),
    Route("/projects/{project_id}/events", events.events),
    Route("/projects/{project_id}/install", install.install),
    Route("/projects/{project_id}/install/arrivals", install.arrivals),
    Route("/projects/{project_id}/install/origins", install.origins, methods=["POST"]),
    Route("/projects/{project_id}/receivers", receiver_pages.receivers, methods=["GET"]),
    Route("/projects/{project_id}/receivers", receiver_pages.create, methods=["POST"]),
    Route("/projects/{project_id}/receivers/{key}", receiver_pages.receiver, methods=["GET"]),
    Route("/projects/{project_id}/receivers/{key}/deliveries", receiver_pages.deliveries, methods=["GET"]),
    Route("/projects/{project_id}/receivers/{key}/secret", receiver_pages.secret, methods=["POST"]),
    Route("/projects/{project_id}/receivers/{key}/delete", receiver_pages.delete, methods=["POST"]),
    Route("/projects/{project_id}/receivers/{key}/edit", receiver_edit.edit, methods=["GET"]),
    Route("/projects/{project_id}/receivers/{key}/edit", receiver_edit.change, methods=["POST"]),
    Route("/projects/{project_id}/receivers/{key}/try", receiver_try.example, methods=["GET"]),
    Route("/projects/{project_id}/receivers/{key}/try", receiver_try.try_it, methods=["POST"]),
    Route("/projects/{project_id}/receivers/templates/{name}", sender_templates.template, methods=["GET"]),
    Route("/projects/{project_id}/receivers/templates/{name}/key", sender_templates.make_key, methods=["POST"]),
    Route("/projects/{project_id}/settings", settings.settings),
    Route("/projects/{project_id}/settings/identity", identity.identity, methods=["GET"]),
    Route("/projects/{project_id}/settings/identity", identity.change, methods=["POST"]),
    Route("/projects/{project_id}/settings/identity/secrets", identity.add, methods=["POST"]),
    Route("/projects/{project_id}/settings/identity/secrets/{secret_id}/revoke", identity.revoke, methods=["POST"]),
    Route("/me/{token}", preferences.page, methods=["GET", "POST"]),
    Route("/me/{token}/data", preferences.download, methods=["GET"]),
    Route("/preview/{token}", shared_preview.shared),
    Route("/static/{name}", assets.serve_asset),
    Route("/login", login.login_page, methods=["GET"]),
    Route("/login", login.log_in, methods=["POST"]),
    Route("/logout", login.log_out, methods=["POST"]),
    Route("/setup/{token}", login.setup, methods=["GET", "POST"]),
    Route("/reset/{token}", login.reset, methods=["GET", "POST"]),
    Route("/account", account.account),
    Route("/account/password", account.change_own_password, methods=["POST"]),
    Route("/account/sessions/end", account.end_other_sessions, methods=["POST"]),
    Route("/account/sessions/{session_id}/end", account.end_one_session, methods=["POST"]),
    Route("/members", members_pages.members, methods=["GET"]),
    Route("/members", members_pages.add, methods=["POST"]),
    Route("/members/{member_id}/role", members_pages.change_role, methods=["POST"]),
    Route("/members/{member_id}/link", members_pages.new_link, methods=["POST"]),
    Route("/members/{member_id}/remove", members_pages.remove, methods=["POST"]),
    Route("/docs", docs.contents),
    Route("/docs/images/{name}", docs.picture),
    Route("/docs/{page}", docs.page),
    Route("/healthz", healthz),
    Route("/readyz", readyz),
]

#: Where clients of Segment's dialect post; pages too.
INGEST_PATHS = [
    route.path
    for route in ROUTES
    if isinstance(route, Route) and isinstance(route.endpoint, ingest.Ingest | ingest.Swallow)
]
