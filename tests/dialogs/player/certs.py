# SPDX-License-Identifier: Apache-2.0
"""Certificates for TLS dialogs, made by the openssl command in a temporary folder."""

import hashlib
import os
import subprocess

# name: (subject, subject alternative names, issuing CA)
CERTS = {
    "server": ("/CN=localhost", "DNS:localhost,IP:127.0.0.1", "ca"),
    "server2": ("/CN=localhost", "DNS:localhost,IP:127.0.0.1", "ca"),
    "email": ("/CN=by email", "email:derek@example.com", "ca"),
    "dns": ("/CN=by dns", "DNS:app.example.com", "ca"),
    "uri": ("/CN=by uri", "URI:spiffe://example.com/app", "ca"),
    "dn": ("/C=DE/O=Example/OU=Test/CN=anna", None, "ca"),
    "dc": ("/DC=org/DC=example/CN=bernd", None, "ca"),
    "nobody": ("/CN=nobody", None, "ca"),
    "stranger": ("/CN=stranger", "email:derek@example.com", "otherca"),
}


def run(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def make_key(path):
    run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)


def make_ca(folder, name):
    key = os.path.join(folder, name + ".key")
    make_key(key)
    run("req", "-x509", "-new", "-key", key, "-subj", f"/CN=test {name}", "-days", "3650",
        "-addext", "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        "-out", os.path.join(folder, name + ".pem"))


def make_cert(folder, name, subject, names, issuer):
    base = os.path.join(folder, name)
    make_key(base + ".key")
    run("req", "-new", "-key", base + ".key", "-subj", subject, "-out", base + ".csr")
    extensions = ["basicConstraints=CA:false", "extendedKeyUsage=serverAuth,clientAuth"]
    if names:
        extensions.append("subjectAltName=" + names)
    with open(base + ".ext", "w") as file:
        file.write("\n".join(extensions) + "\n")
    ca = os.path.join(folder, issuer)
    run("x509", "-req", "-in", base + ".csr", "-CA", ca + ".pem", "-CAkey", ca + ".key", "-CAcreateserial",
        "-days", "3650", "-extfile", base + ".ext", "-out", base + ".pem")


def make_all(folder):
    for ca in sorted({issuer for _, _, issuer in CERTS.values()}):
        make_ca(folder, ca)
    for name, (subject, names, issuer) in CERTS.items():
        make_cert(folder, name, subject, names, issuer)
    return folder


def spki_sha256(folder, name):
    """The pin of a certificate: SHA-256 over its public key, in hex."""
    der = subprocess.run(
        ["openssl", "pkey", "-in", os.path.join(folder, name + ".key"), "-pubout", "-outform", "DER"],
        check=True, capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()
