"""HTTP without a framework: one request per connection, in the least memory."""

import boardcert

_ANSWER = (
    "HTTP/1.1 {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}"
)


async def handler(reader, writer):
    request = (await reader.readline()).decode().split(" ")
    while await reader.readline() not in (b"\r\n", b"\n", b""):
        pass  # The headers; readline() limits their length and time.
    found = request[:2] == ["GET", "/"]
    status, text = ("200 OK", "hello\n") if found else ("404 Not Found", "nothing here\n")
    writer.write(_ANSWER.format(status, len(text), text))
    await writer.drain()


boardcert.run(handler)
