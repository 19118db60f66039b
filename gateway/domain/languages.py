"""The languages of customers' pages, as tags of BCP 47; their words are in `templates/languages/`."""

ENGLISH = "en"
LANGUAGES = (ENGLISH, "de", "fr", "es", "pt", "it", "nl", "pl", "ja", "zh-Hans", "ar")

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
"""What each language is called in itself."""
