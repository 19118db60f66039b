"""The languages of customers' pages, as tags of BCP 47; their words are in `templates/languages/`."""

ENGLISH = "en"
LANGUAGES = (ENGLISH, "de", "fr", "es", "pt", "it", "nl", "pl", "ja", "zh-Hans", "ar")
