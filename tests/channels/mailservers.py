"""Mail servers on loopback: Dovecot for what comes in, aiosmtpd for what goes out."""

from __future__ import annotations

import base64
import getpass
import grp
import imaplib
import ipaddress
import os
import pwd
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tongshi.evaluation.running import free_port

USER, PASSWORD = "support@shop.example", "a-password"

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/run
protocols = imap
listen = 127.0.0.1
log_path = {folder}/dovecot.log
mail_location = maildir:{folder}/mail/%u
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 0
first_valid_gid = 0
ssl = {ssl}
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
service imap-login {{
  {chroot}
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  {chroot}
}}
service stats {{
  {chroot}
}}
"""


class Dovecot:
    """A real IMAP server as a process of whoever runs the tests.

    Args:
        certificate: file of a certificate and its key, for encrypted connections.
        starts_tls: they are begun in the clear, not on a port that is encrypted from the first byte.
        tokens: address of the server that tells whose access token one is; without it none counts.

    Attributes:
        url: as `TONGSHI_EMAIL_IMAP` takes it.
    """

    def __init__(self, certificate: Path | None = None, *, starts_tls: bool = False, tokens: str = "http://127.0.0.1:1") -> None:
        self._certificate = certificate
        self._tokens = tokens
        # Not pytest's own folder, which is closed to the users that Dovecot takes where the tests run as root.
        self._folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self._process: subprocess.Popen | None = None
        self.port = free_port()
        self._tls_port = free_port() if certificate and not starts_tls else 0
        self.url = f"imaps://127.0.0.1:{self._tls_port}" if self._tls_port else f"imap://127.0.0.1:{self.port}"

    @staticmethod
    def is_there() -> bool:
        return shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin") is not None

    def start(self) -> None:
        is_root = os.getuid() == 0  # then Dovecot insists on users of its own, which Debian's package makes
        user = "dovecot" if is_root else getpass.getuser()
        group = "dovecot" if is_root else grp.getgrgid(os.getgid()).gr_name
        owner = pwd.getpwnam(user)
        for folder in (self._folder, *(self._folder / name for name in ("run", "mail", "home"))):
            folder.mkdir(exist_ok=True)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        configuration = self._folder / "dovecot.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=self._folder, user=user, group=group, login="dovenull" if is_root else user, uid=owner.pw_uid,
                gid=owner.pw_gid, port=self.port, password=PASSWORD, chroot="" if is_root else "chroot =",
                ssl=f"yes\nssl_cert = <{self._certificate}\nssl_key = <{self._certificate}" if self._certificate else "no",
                tls_port=self._tls_port,
            )
        )  # fmt: skip
        (self._folder / "oauth2.conf").write_text(
            f"tokeninfo_url = {self._tokens}/info?access_token=\nusername_attribute = email\n"
        )
        program = shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin")
        self._process = subprocess.Popen([program, "-F", "-c", str(configuration)])
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            try:
                self.connection().logout()
                return
            except (OSError, imaplib.IMAP4.error):
                time.sleep(0.05)
        raise RuntimeError((self._folder / "dovecot.log").read_text("utf-8", "replace"))

    def stop(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(15)
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def connection(self) -> imaplib.IMAP4:
        connection = imaplib.IMAP4("127.0.0.1", self.port, timeout=5)
        connection.login(USER, PASSWORD)
        return connection

    def deliver(self, message: EmailMessage | bytes) -> None:
        """Put a message into the inbox."""
        data = message if isinstance(message, bytes) else message.as_bytes(policy=policy.SMTP)
        connection = self.connection()
        try:
            status, _ = connection.append("INBOX", None, None, data)
            assert status == "OK"
        finally:
            connection.logout()

    def flags(self) -> dict[str, str]:
        """Flags of each message in the inbox, by its Message-ID."""
        connection = self.connection()
        try:
            connection.select("INBOX", readonly=True)
            _, found = connection.fetch("1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
            pairs = [one for one in found if isinstance(one, tuple)]
            return {message_from_bytes(body)["Message-ID"]: head.decode() for head, body in pairs}
        finally:
            connection.logout()


class SmtpServer:
    """Takes what is sent; answers with what `troubles` holds next, where it holds something.

    Args:
        certificate, starts_tls: as for `Dovecot`.

    Attributes:
        messages: what was taken, in order.
        access_token: with which OAuth signs in; "": with none.
        troubles: answers to the next recipients, or "drop" for a connection that ends after the message was taken.
    """

    def __init__(self, certificate: Path | None = None, *, starts_tls: bool = False) -> None:
        self.messages: list[EmailMessage] = []
        self.troubles: list[str] = []
        self.tries = 0
        self.access_token = ""
        self._scheme = "smtps" if certificate and not starts_tls else "smtp"
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if certificate else None
        if context:
            context.load_cert_chain(certificate)
        self._controller = Controller(
            self, hostname="127.0.0.1", port=free_port(), ssl_context=None if starts_tls else context,
            tls_context=context if starts_tls else None, require_starttls=starts_tls, authenticator=self._authenticate,
            auth_require_tls=starts_tls, auth_required=True,
        )  # fmt: skip

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._controller.port}"

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    def _authenticate(self, server: SMTP, session, envelope, mechanism: str, data) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()))

    async def auth_XOAUTH2(self, server: SMTP, arguments: list[str]) -> AuthResult:
        wanted = f"user={USER}\1auth=Bearer {self.access_token}\1\1".encode()
        return AuthResult(success=bool(self.access_token) and base64.b64decode(arguments[1]) == wanted, handled=False)

    async def handle_RCPT(self, server: SMTP, session, envelope, address: str, options) -> str:
        self.tries += 1
        if self.troubles and self.troubles[0] != "drop":
            return self.troubles.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session, envelope) -> str:
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        if self.troubles and self.troubles[0] == "drop":
            self.troubles.pop(0)
            server.transport.abort()
        return "250 Taken"


def make_certificate(folder: Path) -> Path:
    """A certificate of this machine that nobody trusts yet, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail on loopback")])
    moment = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), moment, moment + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path
