"""Sites of public reviews, and who may be asked to write one there.

To offer a review only to those who are content makes a rating untrue. The sites forbid it, and so do regulators. So a
survey that leads its best band to one of them and its worst band not draws a warning. What a short link leads to, and
a site that is not in the table, nobody is warned about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tactful.core.surveys import Thanks
from tactful.core.texts import ELSE, Text

__all__ = ["SITES", "Site", "gated", "site_of"]

_REGULATORS = "https://www.ftc.gov/business-guidance/resources/soliciting-paying-online-reviews-guide-marketers"
_GOOGLE = "https://support.google.com/contributionpolicy/answer/7400114"
_PLAY = "https://support.google.com/googleplay/android-developer/answer/9898684"
_APPLE = "https://developer.apple.com/app-store/review/guidelines/"
_TRUSTPILOT = "https://legal.trustpilot.com/for-businesses/guidelines-for-businesses"
_YELP = "https://www.yelp-support.com/article/Don-t-Ask-for-Reviews"


@dataclass(frozen=True, slots=True)
class Site:
    """A site of reviews: how it is called, the addresses that lead there, and who forbids to choose whom one asks.

    A place is a host, whose subdomains count too, with `.*` at its end if it is under many countries, and the beginning
    of a path.
    """

    name: str
    places: tuple[str, ...]
    source: str = _REGULATORS


SITES: tuple[Site, ...] = (
    Site(
        "Google",
        (
            *("g.page", "maps.app.goo.gl", "goo.gl/maps", "g.co/kgs"),
            *("search.google.*/local", "maps.google.*", "google.*/maps", "google.*/search"),
        ),
        _GOOGLE,
    ),
    Site("Google Play", ("play.google.com/store", "market.android.com"), _PLAY),
    Site("the Chrome Web Store", ("chromewebstore.google.com", "chrome.google.com/webstore")),
    Site("the App Store", ("apps.apple.com", "itunes.apple.com", "appsto.re"), _APPLE),
    Site("Trustpilot", ("trustpilot.com",), _TRUSTPILOT),
    Site("Yelp", ("yelp.*",), _YELP),
    Site("G2", ("g2.com", "g2crowd.com")),
    Site("Capterra", ("capterra.*",)),
    Site("GetApp", ("getapp.*",)),
    Site("Software Advice", ("softwareadvice.*",)),
    Site("Gartner Peer Insights", ("gartner.com/reviews", "gartner.com/peer-insights")),
    Site("TrustRadius", ("trustradius.com",)),
    Site("Tripadvisor", ("tripadvisor.*",)),
    Site("Product Hunt", ("producthunt.com",)),
    Site("AlternativeTo", ("alternativeto.net",)),
    Site("Booking.com", ("booking.com",)),
    Site("Glassdoor", ("glassdoor.*",)),
    Site("kununu", ("kununu.com",)),
    Site("Facebook", ("facebook.com/reviews", "facebook.com/pg")),
    Site("Reviews.io", ("reviews.io", "reviews.co.uk")),
    Site("Feefo", ("feefo.com",)),
    Site("Sitejabber", ("sitejabber.com",)),
    Site("the Better Business Bureau", ("bbb.org",)),
    Site("the Shopify App Store", ("apps.shopify.com",)),
    Site("the Visual Studio Marketplace", ("marketplace.visualstudio.com",)),
    Site("Firefox Add-ons", ("addons.mozilla.org",)),
    Site("the WordPress plugin directory", ("wordpress.org/support/plugin", "wordpress.org/plugins")),
    Site("Steam", ("store.steampowered.com", "steamcommunity.com")),
    Site("the Microsoft Store", ("apps.microsoft.com", "microsoft.com/store")),
)


def _pattern(place: str) -> str:
    host, slash, path = place.partition("/")
    ending = r"[a-z]{2,}(?:\.[a-z]{2})?"
    written = re.escape(host.removesuffix("*")) + ending if host.endswith(".*") else re.escape(host)
    return rf"(?:[^/]+\.)?{written}{re.escape(slash + path)}" + (r"(?:/.*)?" if path else "/.*")


_PATTERNS = [(site, re.compile("|".join(map(_pattern, site.places)))) for site in SITES]


def site_of(url: str) -> Site | None:
    """The site of reviews that an address of the web leads to; the address must be one (`core/reading/links`)."""
    parts = urlsplit(url)
    where = f"{(parts.hostname or '').rstrip('.')}{parts.path or '/'}".lower()
    return next((site for site, pattern in _PATTERNS if pattern.fullmatch(where)), None)


def gated(thanks: Mapping[str, Thanks], bands: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Site]]:
    """Where in `thanks` the best of `bands` (worst to best) is led to a site of reviews that the worst is not led to.

    Each is told as the steps to the address, the band or `else` first.
    """
    if not bands:
        return
    worst = {site for _, site in _sites(thanks, bands[0])}
    for steps, site in _sites(thanks, bands[-1]):
        if site not in worst:
            yield steps, site


def _sites(thanks: Mapping[str, Thanks], band: str) -> Iterator[tuple[tuple[str, ...], Site]]:
    place = band if band in thanks else ELSE
    said = thanks.get(place)
    for field in ("action", "share"):
        button = said and getattr(said, field)
        for site in _led_to(button.url if button else None):
            yield (place, field, "url"), site


def _led_to(url: Text | None) -> Iterator[Site]:
    """Every site that the address leads to, in whichever language."""
    for written in dict.fromkeys(url.by[ELSE].values()) if url else ():
        if (site := site_of(written)) is not None:
            yield site
