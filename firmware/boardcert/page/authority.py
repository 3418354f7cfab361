"""The certificate of the board's own authority, as computers and phones import it.

As a file, and in a configuration profile, which iPhones, iPads and Macs install. Public: no token.
"""

from binascii import b2a_base64, hexlify
from hashlib import sha256

from .. import board
from .http import HTTPError, refusal

_NONE = "this board's certificate is not signed by an authority of its own: see the setting chain"

_BEGIN = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>PayloadContent</key><array><dict>
<key>PayloadCertificateFileName</key><string>{name}.crt</string>
<key>PayloadContent</key><data>
"""
_END = """</data>
<key>PayloadDescription</key><string>Trusts what this board signs, for its own names.</string>
<key>PayloadDisplayName</key><string>{name} authority</string>
<key>PayloadIdentifier</key><string>boardcert.{id}.root</string>
<key>PayloadType</key><string>com.apple.security.root</string>
<key>PayloadUUID</key><string>{payload}</string>
<key>PayloadVersion</key><integer>1</integer>
</dict></array>
<key>PayloadDescription</key><string>Lets this device trust the board {name}.</string>
<key>PayloadDisplayName</key><string>Board {name}</string>
<key>PayloadIdentifier</key><string>boardcert.{id}</string>
<key>PayloadRemovalDisallowed</key><false/>
<key>PayloadType</key><string>Configuration</string>
<key>PayloadUUID</key><string>{profile}</string>
<key>PayloadVersion</key><integer>1</integer>
</dict></plist>
"""
_LINE_BYTES = 48


async def answer(portal, _, name: str) -> tuple:
    """Return the answer with the file *name*, see portal; 404 if the board has no authority."""
    me = portal.identity
    if not me.authority:
        return refusal(HTTPError(404, _NONE))
    if name.endswith("crt"):
        return 200, {}, "der", ("CERTIFICATE", "authority.crt", [me.authority])
    return 200, {}, "profile", ("", "mobileconfig", (me.hostname, me.authority))


def profile(name: str, certificate: bytes):
    """Yield the configuration profile with the *certificate* of the board called *name*, as bytes.

    The UUIDs are made of the certificate's digest: installed again, the profile replaces itself,
    and by its identifier an older one of this board.
    """
    digest = sha256(certificate).digest()
    values = {
        "name": name,
        "id": board.unique_id().hex(),
        "payload": _uuid(digest[:16]),
        "profile": _uuid(digest[16:]),
    }
    for text in (_BEGIN, _END):
        for line in text.split("\n")[:-1]:
            yield line.format(**values).encode() + b"\n"
        if text is _BEGIN:
            for start in range(0, len(certificate), _LINE_BYTES):
                yield b2a_base64(certificate[start : start + _LINE_BYTES])


def _uuid(data: bytes) -> str:
    """Return 16 bytes as a UUID of version 8 (RFC 9562, section 5.8)."""
    marked = bytearray(data)
    marked[6] = marked[6] & 0x0F | 0x80
    marked[8] = marked[8] & 0x3F | 0x80
    text = hexlify(bytes(marked)).decode().upper()
    return "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])
