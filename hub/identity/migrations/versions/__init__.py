"""The steps, named by their revisions. A step holds its own copy of the tables it makes: hub.identity.schema moves on, it stays."""
