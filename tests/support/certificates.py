"""Certificates for servers in tests, from authorities of their own."""

import shutil
import subprocess
import tempfile
from pathlib import Path


class Authority:
    """Vouches for servers. The files are gone with end()."""

    def __init__(self, name="ca"):
        self.directory = Path(tempfile.mkdtemp(prefix="rollcall-"))
        self.key, self.file = self.directory / "ca.key", self.directory / "ca.pem"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                     "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.file)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    def certify(self, names):
        """Certificate and key of a server that goes by `names`, such as `DNS:localhost,IP:127.0.0.1`."""
        key, request, file, extra = (self.directory / f"{abs(hash(names))}.{kind}" for kind in ("key", "csr", "pem", "ext"))
        extra.write_text(f"subjectAltName={names}\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=server",
                     "-keyout", key, "-out", request)
        self.openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial", "-days",
                     "2", "-extfile", extra, "-out", file)
        return file, key

    def end(self):
        shutil.rmtree(self.directory)
