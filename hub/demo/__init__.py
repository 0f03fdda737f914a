"""`hub demo`: a made-up county through the real doors of a real stack, judged by its own truth."""
