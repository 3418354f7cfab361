"""The commands: each module adds rows to the table in cli, whose COMMANDS says what a row is."""
