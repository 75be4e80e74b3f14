"""What each kind of step does, one module a kind. Imported when a step of that kind runs."""
