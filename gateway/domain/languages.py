"""The languages of customers' pages, as tags of BCP 47; their words are in `templates/languages/`."""

ENGLISH = "en"
NAMES = {
    ENGLISH: "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "pt": "Português",
    "it": "Italiano",
    "nl": "Nederlands",
    "pl": "Polski",
    "ja": "日本語",
    "zh-Hans": "简体中文",
    "ar": "العربية",
}
"""Each in its own words."""
LANGUAGES = tuple(NAMES)
