"""The folder provider: one .eml file a message, for trying out and for looking at.

A message's file is named after its Message-ID, so that writing the same delivery again replaces
its file instead of adding one.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import quote

from emails.errors import EmailsError
from newsletter.providers.base import Mailing, Outcome, ProviderMisconfigured, Recipient
from newsletter.providers.messages import Messages

NAME_LIMIT = 200
"""File systems take 255 bytes; the ending and a temporary file's own letters need some."""


@dataclass(frozen=True, slots=True)
class FolderOptions:
    folder: Path
    timeout: float = 24.0


class FolderProvider:
    """Writes messages into a folder. A write that fails (disk full) is *later* for its reader."""

    name = "folder"
    window = 500
    in_flight = 1
    tells_later = False
    loopback = True

    def __init__(self, options: FolderOptions) -> None:
        self.timeout = options.timeout
        self._folder = options.folder
        self._messages = Messages()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="folder")

    def submit(self, mailing: Mailing) -> Future[Sequence[Outcome]]:
        return self._writer.submit(self._write_all, mailing)

    def check(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=self._folder):
                pass
        except OSError as error:
            raise ProviderMisconfigured(
                f"The mail folder {self._folder} can't be written: {error.strerror}. "
                "Make it writable or set NEWSLETTER_MAIL_FOLDER to another."
            ) from error

    def close(self) -> None:
        self._writer.shutdown()

    def _write_all(self, mailing: Mailing) -> Sequence[Outcome]:
        message = self._messages.of(mailing)
        return [self._write(mailing, recipient, message) for recipient in mailing.recipients]

    def _write(
        self, mailing: Mailing, recipient: Recipient, message: Callable[[Recipient], bytes]
    ) -> Outcome:
        if not mailing.may_begin():
            return Outcome.later("not-begun", "The lease had ended.", provider_wide=True)
        try:
            path = self._folder / file_name(recipient.message_id)
            replace_file(path, message(recipient))
        except EmailsError as error:
            return Outcome.refused("unfit", str(error))
        except OSError as error:
            words = f"The mail folder can't be written: {error.strerror}."
            return Outcome.later("disk", words, provider_wide=True)
        return Outcome.accepted("written", reference=path.name)


def file_name(message_id: str) -> str:
    """The file of a message: its Message-ID without the angle brackets, made safe for a path."""
    safe = quote(message_id.strip("<>"), safe="@+=")
    if len(safe) > NAME_LIMIT:
        safe = sha256(message_id.encode()).hexdigest()
    return f"{safe}.eml"


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` so that the file is there whole or not at all, also after a kill."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(content)
            file.close()
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
