"""How the registry's tables came to be, one numbered step at a time (Alembic). `hub.identity.upgrade` runs them; a step that was
released is never edited. They only go forward: to go back, restore the copy that was made before."""
