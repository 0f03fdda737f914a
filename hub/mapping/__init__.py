"""Source records to canonical events, pure: one file per program (kind of source), dated code tables beside them."""
