"""Who may do what: users, roles and sessions, the policies that bind them, and how they prove who they are."""
