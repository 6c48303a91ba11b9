"""LINE's numbers, each once. Source: LINE's documentation and OpenAPI description, state of 2026-07-01."""

from __future__ import annotations

from types import MappingProxyType

KB = 1024
MB = 1024 * KB

# One call
MESSAGES_PER_CALL = 5
MULTICAST_RECIPIENTS = 500
BULK_LINK_USERS = 500
REQUEST_BODY_BYTES = 2 * MB
AGGREGATION_UNITS = 1

# Texts (units: UTF-16 code units or grapheme clusters, see line_check)
TEXT = 5000
ALT_TEXT = 1500
EMOJIS = 20
SUBSTITUTIONS = 100
SENDER_NAME = 20
URL = 2000
TRACKING_ID = 100
LOCATION_TEXT = 100
DELIVERY_TAG = 30

# Actions
LABEL = 20
LABEL_IMAGE_CAROUSEL = 12
LABEL_FLEX = 40
LABEL_IMAGEMAP = 100
POSTBACK_DATA = 300
DISPLAY_TEXT = 300
ACTION_TEXT = 300
URI = 1000
CLIPBOARD_TEXT = 1000
ALIAS_ID = 32
QUICK_REPLY_ITEMS = 13

# Templates
BUTTONS_TEXT = 160
BUTTONS_TEXT_WITH_IMAGE_OR_TITLE = 60
TEMPLATE_TITLE = 40
BUTTONS_ACTIONS = 4
CONFIRM_TEXT = 240
CONFIRM_ACTIONS = 2
CAROUSEL_COLUMNS = 10
CAROUSEL_TEXT = 120
CAROUSEL_TEXT_WITH_IMAGE_OR_TITLE = 60
CAROUSEL_ACTIONS = 3

# Imagemap
IMAGEMAP_WIDTH = 1040
IMAGEMAP_ACTIONS = 50
IMAGEMAP_TEXT = 400
IMAGEMAP_LINK_LABEL = 30

# Flex
FLEX_BUBBLE_BYTES = 30 * KB
FLEX_CAROUSEL_BYTES = 50 * KB
FLEX_BUBBLES = 12
FLEX_ANIMATED_IMAGES = 10
ASPECT_RATIO_SIDE = 100_000
ASPECT_RATIO_HEIGHT_FACTOR = 3

# Rich menus
RICH_MENU_IMAGE_BYTES = 1 * MB
RICH_MENU_WIDTH = (800, 2500)
RICH_MENU_HEIGHT_MIN = 250
RICH_MENU_RATIO_MIN = 1.45
RICH_MENU_AREAS = 20
RICH_MENU_NAME = 300
CHAT_BAR_TEXT = 14
RICH_MENUS_PER_CHANNEL = 1000
ALIASES_PER_CHANNEL = 1000

# Time
REPLY_TOKEN_SECONDS = 60.0
RETRY_KEY_SECONDS = 24 * 3600.0
WEBHOOK_TIMEOUT_SECONDS = 2.0
NON_FRIEND_REACH_SECONDS = 7 * 24 * 3600.0
LOADING_SECONDS = (5, 60, 5)  # from, to, step
LOADING_SECONDS_DEFAULT = 20

# Narrowcast with an attribute filter needs a target reach of at least this many people (403 otherwise).
NARROWCAST_FILTER_REACH = 100
FOLLOWERS_PER_PAGE = (300, 1000)  # default, most

# Token buckets, per channel and endpoint: (calls, seconds). The rest is "default".
RATE_LIMITS = MappingProxyType(
    {
        "default": (2000, 1.0),
        "multicast": (200, 1.0),
        "narrowcast": (60, 3600.0),
        "broadcast": (60, 3600.0),
        "loading": (100, 1.0),
        "webhook.get": (1000, 60.0),
        "webhook.set": (1000, 60.0),
        "webhook.test": (60, 3600.0),
        "richmenu.create": (100, 3600.0),
        "richmenu.delete": (100, 3600.0),
        "richmenu.alias.delete": (100, 3600.0),
        "richmenu.list": (10, 1.0),
    }
)
