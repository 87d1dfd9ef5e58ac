"""Who may do what: users, roles and sessions, what binds them, and how they prove who they are."""
