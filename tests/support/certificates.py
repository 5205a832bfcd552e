"""Certificates for 127.0.0.1 by an authority of the test's own, valid now or long ago; made by openssl."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

_CONFIGURATION = """[ca]
default_ca = own
[own]
dir = {folder}
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
subjectAltName = IP:127.0.0.1
basicConstraints = critical,CA:false
[req]
distinguished_name = subject
x509_extensions = authority
[subject]
[authority]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
"""


class Authority:
    """Who vouches; ``certificate`` is what a client has to trust."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._config = folder / "openssl.cnf"
        self._config.write_text(_CONFIGURATION.format(folder=folder))
        (folder / "index.txt").touch()
        (folder / "index.txt.attr").write_text("unique_subject = no\n")
        self.certificate, self._key = folder / "ca.pem", folder / "ca.key"
        new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test authority"]
        self._openssl(*new, "-keyout", self._key, "-out", self.certificate)

    def server(self, name: str, start: str, end: str) -> ssl.SSLContext:
        """A server's context; times as ``20200101000000Z``."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.keystore(name, start, end))
        return context

    def keystore(self, name: str, start: str = "20200101000000Z", end: str = "20991231235959Z") -> Path:
        """A server's key and certificate in one PEM file."""
        key, request, made = (self._folder / f"{name}.{kind}" for kind in ("key", "csr", "crt"))
        new = ["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
        self._openssl(*new, "-keyout", key, "-out", request)
        signed = ["ca", "-batch", "-notext", "-cert", self.certificate, "-keyfile", self._key]
        self._openssl(*signed, "-startdate", start, "-enddate", end, "-in", request, "-out", made)
        both = self._folder / f"{name}.pem"
        both.write_text(key.read_text() + made.read_text())
        return both

    def _openssl(self, command: str, *arguments: str | Path) -> None:
        whole = ["openssl", command, "-config", str(self._config), *map(str, arguments)]
        subprocess.run(whole, check=True, capture_output=True)
