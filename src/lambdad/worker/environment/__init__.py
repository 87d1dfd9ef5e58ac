"""The execution environment: its states (`states`), its life (`environment`), and the parts of it."""
