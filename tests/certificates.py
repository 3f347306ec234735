"""Self-signed certificates for servers on loopback."""

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = ipaddress.ip_address("127.0.0.1")


def serving(folder: Path, name: str = "localhost", *, days: int = 1000) -> tuple[ssl.SSLContext, Path]:
    """Return the TLS context of a server called `name`, and the certificate file that its clients must trust.

    "localhost" includes 127.0.0.1. The certificate expires in `days` days; if negative, it has expired already.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    signed = _certificate(key, name, dt.timedelta(days=days))
    trusted, whole = folder / "certificate.pem", folder / "certificate-and-key.pem"
    trusted.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    whole.write_bytes(trusted.read_bytes() + key.private_bytes(*form))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(whole)
    return context, trusted


def _certificate(key: ec.EllipticCurvePrivateKey, name: str, valid: dt.timedelta) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "localhost":
        names.append(x509.IPAddress(LOOPBACK))
    return (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1000))
        .not_valid_after(now + valid)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
