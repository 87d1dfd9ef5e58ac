"""The Runtime API: a sans-I/O parser (`wire`), the answers (`answers`) and the connection (`server`)."""
