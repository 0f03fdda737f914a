"""The hub: health and social systems joined as events.

raw bytes → record (formats) → event (mapping) → intake topic (bus) → whose is it (identity) → a person's history
(streams) → open need, site alert, tally → measure (outlets) → to exactly those who may have it (delivery).
"""

__version__ = "0.1.0"
