"""Made-up files in the style of senders that the project has never seen, each with what a careful reader would make of it."""
