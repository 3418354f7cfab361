"""HTTP/1.1 and the accept loop: what stands between a connection and an application."""
