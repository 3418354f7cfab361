"""Encrypted streams over sockets and serial lines, their memory and their deadlines."""
