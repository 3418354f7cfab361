"""HTTP/1.1 and the accept loop: everything between a connection and an application."""
