"""Throw-away certificate authority, made with the openssl command line.

Four server certificates come out of it, one for each thing that a client must
tell apart; `contexts` holds the TLS context of each.  Keys are EC P-256 because
they are made in a moment.
"""

import os
import ssl
import subprocess

KINDS = ("good", "expired", "wrong-name", "untrusted")
OTHER_NAME = "elsewhere.example.test"


def _openssl(directory, *arguments):
    done = subprocess.run(("openssl",) + arguments, cwd=directory, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.strip()}")


def _write(path, text):
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def _make_ca(directory, stem, name):
    _openssl(directory, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-keyout", f"{stem}.key", "-out", f"{stem}.pem", "-days", "30",
             "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign")


def _make_server(directory, stem, ca, host, dates):
    """Signs the one server key with the given CA; `dates` is -days or -startdate/-enddate."""
    _openssl(directory, "req", "-new", "-key", "server.key", "-out", f"{stem}.csr",
             "-subj", f"/CN={host}")
    _write(os.path.join(directory, "ca.cnf"), f"""
[ca]
default_ca = sandbox
[sandbox]
database = {stem}.index
rand_serial = yes
default_md = sha256
policy = anything
copy_extensions = none
unique_subject = no
[anything]
commonName = supplied
[server]
basicConstraints = CA:FALSE
subjectAltName = DNS:{host}
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
""")
    _write(os.path.join(directory, f"{stem}.index"), "")
    _openssl(directory, "ca", "-batch", "-notext", "-config", "ca.cnf", "-extensions", "server",
             "-cert", f"{ca}.pem", "-keyfile", f"{ca}.key", "-outdir", directory,
             "-in", f"{stem}.csr", "-out", f"{stem}.pem", *dates)
    for leftover in os.listdir(directory):
        # `openssl ca` leaves its database and a second copy of the certificate.
        serial_copy = len(leftover) > 20 and leftover.endswith(".pem")
        if serial_copy or leftover.startswith(f"{stem}.index") or leftover in (f"{stem}.csr", "ca.cnf"):
            os.unlink(os.path.join(directory, leftover))


def make(directory, host):
    """Fills the directory with ca.pem, server.key and one certificate a kind."""
    mask = os.umask(0o077)
    try:
        _make_ca(directory, "ca", "Made-Up Sandbox CA")
        _make_ca(directory, "untrusted-ca", "Made-Up CA Nobody Trusts")
        _openssl(directory, "ecparam", "-name", "prime256v1", "-genkey", "-noout",
                 "-out", "server.key")
        soon = ("-days", "30")
        past = ("-startdate", "20200101000000Z", "-enddate", "20200201000000Z")
        _make_server(directory, "good", "ca", host, soon)
        _make_server(directory, "expired", "ca", host, past)
        _make_server(directory, "wrong-name", "ca", OTHER_NAME, soon)
        _make_server(directory, "untrusted", "untrusted-ca", host, soon)
    finally:
        os.umask(mask)


def contexts(directory):
    """One server-side TLS context a kind."""
    made = {}
    for kind in KINDS:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(os.path.join(directory, f"{kind}.pem"),
                                os.path.join(directory, "server.key"))
        made[kind] = context
    return made
