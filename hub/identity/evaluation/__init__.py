"""How well the linkage does on records whose truth is known: precision, recall, what goes to review, for whom it errs, how fast."""
