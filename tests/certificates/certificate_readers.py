"""What the board, cryptography and OpenSSL each read in a certificate, for comparison.

`read_by_board` does what `install` does, except for the arithmetic of signatures.
"""

import datetime
import ssl
import subprocess
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from boardcert import RefusedError
from boardcert.certificates import keys, strict
from boardcert.certificates.certificate import Certificate
from boardcert.credentials import offer
from certificate_mutations import KEY, NOW
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

_POINT = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
_STORED = keys.PrivateKey(KEY.private_numbers().private_value, _POINT, "p256").to_der()


def read_by_board(der: bytes) -> dict[str, Any] | None:
    """Return the board's reading of a certificate that it would install; None if it refuses."""
    try:
        record, _ = offer.read(der, None, [_STORED], NOW)
        strict.check(record.chain)
    except RefusedError:
        return None
    leaf = Certificate(der)
    return {
        "serial_number": int.from_bytes(leaf.serial_number, "big"),
        "issuer": leaf.issuer,
        "subject": leaf.subject,
        "spki": leaf.public_key_der,
        "not_before": leaf.not_before,
        "not_after": leaf.not_after,
        "names": leaf.names,
        "tbs": leaf.tbs,
        "signature": leaf.signature,
        "issuer_name": record.facts["issuer"],
    }


def read_by_cryptography(der: bytes) -> dict[str, Any]:
    """Return the same as `read_by_board`, by cryptography. Raises ValueError and its exceptions."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Strings longer than RFC 5280, appendix A.1, permits are no reason for any reader to
        # refuse.
        warnings.filterwarnings("ignore", "Attribute's length must be >= 1")
        one = x509.load_der_x509_certificate(der)
        names: list[str] = []
        for extension in one.extensions:
            if isinstance(extension.value, x509.SubjectAlternativeName):
                names = [str(name.value) for name in extension.value if isinstance(name, _HOSTS)]
        common = one.issuer.get_attributes_for_oid(NameOID.COMMON_NAME) or list(one.issuer)[-1:]
        _ = one.signature_algorithm_oid, one.version
        return {
            "serial_number": one.serial_number,
            "issuer": one.issuer.public_bytes(),
            "subject": one.subject.public_bytes(),
            "spki": one.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            "not_before": _date(one.not_valid_before_utc),
            "not_after": _date(one.not_valid_after_utc),
            "names": names,
            "tbs": one.tbs_certificate_bytes,
            "signature": one.signature,
            "issuer_name": _shown(str(common[0].value)),
        }


_HOSTS = (x509.DNSName, x509.IPAddress)


def _date(date: datetime.datetime) -> tuple[int, ...]:
    return tuple(date.timetuple())[:6]


def _shown(text: str) -> str:
    return "".join(character if " " <= character <= "~" else "?" for character in text)


def disagreement(der: bytes) -> str | None:
    """Return how cryptography's reading differs from the board's; None if the board refuses."""
    board = read_by_board(der)
    if board is None:
        return None
    try:
        other = read_by_cryptography(der)
    except Exception as error:  # noqa: BLE001 (whatever a reader of certificates raises)
        return f"cryptography refuses it: {type(error).__name__}: {error}"
    return next(
        (f"{key}: {board[key]!r} is {other[key]!r}" for key in board if board[key] != other[key]),
        None,
    )


def refused_by_openssl(certificates: Sequence[bytes], directory: Path) -> str:
    """Return OpenSSL's objection to *certificates*, each its own trust anchor; "" if none.

    `openssl verify` reads all extensions that it knows, `openssl x509 -text` prints the others.
    """
    texts = [ssl.DER_cert_to_PEM_cert(der) for der in certificates]
    paths = [directory / f"{at}.pem" for at in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    everything = directory / "all.pem"
    everything.write_text("".join(texts))
    verified = _verify(everything, *paths)
    # On its own, a certificate has no issuer among the others.
    alone = [_verify(path, path) for path in paths if f"{path}: OK" not in verified]
    bundle = directory / "all.p7"
    _openssl("crl2pkcs7", "-nocrl", "-certfile", str(everything), "-out", str(bundle))
    printed = _openssl("pkcs7", "-print_certs", "-text", "-noout", "-in", str(bundle))
    errors = [text for text in alone if not text.endswith(": OK\n")]
    # The strict mode checks whether extensions could be read; its other errors need a second run.
    strictly = _verify(everything, *paths, options=("-purpose", "sslserver", "-x509_strict"))
    odd = [path for path in paths if f"{path}: OK" not in strictly]
    purposes = [_openssl("x509", "-noout", "-purpose", "-in", str(path)) for path in odd]
    errors += [text for text in purposes if "SSL server : Yes\n" not in text]
    unread = ("Unable to load", "Error", "INVALID", "<Not Supported>")
    errors += [line for line in printed.splitlines() if line.strip().startswith(unread)]
    if printed.count("Certificate:\n") != len(texts):
        errors.append("not every one was printed")
    return "\n".join(errors)


def _verify(trusted: Path, *paths: Path, options: Sequence[str] = ()) -> str:
    options = ("-partial_chain", "-no_check_time", *options, "-trusted")
    return _openssl("verify", *options, *map(str, (trusted, *paths)))


def _openssl(*arguments: str) -> str:
    done = subprocess.run(["openssl", *arguments], capture_output=True, check=False)
    return (done.stdout + done.stderr).decode(errors="replace")
