"""A certificate authority for one run, so that calls to a LINE on this machine can go over TLS as in life."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from processes import Certificate

ADDRESS = ipaddress.ip_address("127.0.0.1")


@dataclass(frozen=True)
class Authority:
    """`bundle` is for whoever calls (SSL_CERT_FILE), `certificate` for whoever is called."""

    bundle: Path
    certificate: Certificate


def authority_in(folder: Path) -> Authority:
    """Made anew. The bundle holds the public authorities too: whoever loads it for each call pays as in life."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = _name("authority of one benchmark")
    root = (
        _certificate(root_name, root_name, root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        _certificate(_name("LINE, played"), root_name, key)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ADDRESS)]), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    public = Path(ssl.get_default_verify_paths().cafile or certifi.where())
    bundle, chain, key_file = folder / "bundle.pem", folder / "chain.pem", folder / "key.pem"
    bundle.write_bytes(public.read_bytes() + b"\n" + _pem(root))
    chain.write_bytes(_pem(leaf) + _pem(root))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return Authority(bundle, Certificate(chain, key_file))


def _name(words: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, words)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    public = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
    return (
        public.public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
