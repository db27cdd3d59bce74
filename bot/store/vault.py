"""The vault: owns the master key and everything that is sealed with it.

Each person, each pair and the practice have a data key of their own, kept in their row and
wrapped by the master key; deleting a wrapped key makes what it sealed unreadable for good. Every
sealed value is bound to its place (table, column, row), so that it cannot be moved to another
row unnoticed. Plain text is padded to blocks of 32 bytes, so that its length tells little: an
"8" and a "10" are alike. The vault refuses to guess: a wrong key or an altered value is an error.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from bot.store.erasures import give_to_owner_of

_VERSION: Final = b"\x01"
_BLOCK: Final = 32
_NONCE: Final = 12
_KEY: Final = 32
_CHECKSUM: Final = 3
_TAG: Final = 16
_BODY: Final = len(_VERSION) + _NONCE
_SHORTEST: Final = len(_VERSION) + _NONCE + _BLOCK + _TAG
_LABEL: Final = "RAPPORT-KEY-1"
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_STEPS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


class KeyProblem(Exception):
    """The master key is missing, damaged or not the one this database was made with."""


class Altered(Exception):
    """A sealed value does not open: it was changed, moved, or its key is gone."""


def _pad(plain: bytes) -> bytes:
    return plain + b"\x80" + b"\x00" * (-(len(plain) + 1) % _BLOCK)


def _column(place: str) -> str:
    table, column, _ = place.split("|", 2)
    return f"{table}.{column}"


class Sealer:
    """Seals and opens the values of one data key."""

    __slots__ = ("_cipher", "_decrypt")

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._decrypt = self._cipher.decrypt

    def seal(self, plain: bytes, table: str, column: str, row: int | str) -> bytes:
        """Seal `plain` to its place; `row` is the row's id (or ids, joined) and never changes."""
        nonce = os.urandom(_NONCE)
        place = f"{table}|{column}|{row}".encode()
        return _VERSION + nonce + self._cipher.encrypt(nonce, _pad(plain), place)

    def open(self, sealed: bytes, table: str, column: str, row: int | str) -> bytes:
        """Give the plain bytes of a value sealed to this place. Errors: `Altered`."""
        return self.open_at(sealed, f"{table}|{column}|{row}")

    def open_at(self, sealed: bytes, place: str) -> bytes:
        """Do the same for a place that is written already: "table|column|row"."""
        # A digest opens thousands of values, so nothing is named here that need not be.
        if len(sealed) < _SHORTEST or sealed[0] != _VERSION[0]:
            if not sealed.startswith(_VERSION):
                raise Altered(f"{_column(place)}: sealed by a version this program does not know")
            raise Altered(f"{_column(place)}: the sealed value is cut off")
        try:
            padded = self._decrypt(sealed[1:_BODY], sealed[_BODY:], place.encode())
        except InvalidTag:
            raise Altered(f"{_column(place)}: the sealed value does not open") from None
        return padded.rstrip(b"\x00")[:-1]

    def seal_text(self, text: str, table: str, column: str, row: int | str) -> bytes:
        """Seal a text to its place."""
        return self.seal(text.encode("utf-8", "surrogatepass"), table, column, row)

    def open_text(self, sealed: bytes, table: str, column: str, row: int | str) -> str:
        """Give the text of a value sealed to this place. Errors: `Altered`."""
        return self.open(sealed, table, column, row).decode("utf-8", "surrogatepass")


class Vault:
    """Wraps data keys and makes blind indexes, all from one master key of 32 bytes."""

    def __init__(self, master: bytes) -> None:
        if len(master) != _KEY:
            raise KeyProblem(f"the master key must have {_KEY} bytes, not {len(master)}")
        self._wrapping = Sealer(HKDFExpand(SHA256(), _KEY, b"rapport wrap 1").derive(master))
        self._index_key = HKDFExpand(SHA256(), _KEY, b"rapport index 1").derive(master)
        self._kept: dict[str, bytes] = {}
        self._outside_key = HKDFExpand(SHA256(), _KEY, b"rapport outside 1").derive(master)
        self._backup_key = HKDFExpand(SHA256(), _KEY, b"rapport backup 1").derive(master)
        self._open = functools.lru_cache(maxsize=4096)(self._unwrap)

    def __repr__(self) -> str:
        return "Vault(…)"

    def new_data_key(self, table: str, row: int) -> bytes:
        """Make a data key for a row and give it wrapped, as the row keeps it."""
        return self._wrapping.seal(os.urandom(_KEY), table, "data_key", row)

    def sealer(self, wrapped: bytes, table: str, row: int) -> Sealer:
        """Open a row's data key. Errors: `Altered` when it is not this vault's or this row's."""
        return self._open(wrapped, table, row)

    def _unwrap(self, wrapped: bytes, table: str, row: int) -> Sealer:
        return Sealer(self._wrapping.open(wrapped, table, "data_key", row))

    def blind_index(self, purpose: str, value: str) -> bytes:
        """Give a keyed hash (32 bytes) by which `value` can be looked up but not read."""
        return hmac.digest(self._indexing(purpose), f"{purpose}|{value}".encode(), "sha256")

    def _indexing(self, purpose: str) -> bytes:
        return self._kept.get(purpose, self._index_key)

    def rewrap(self, wrapped: bytes, table: str, row: int, new: Vault) -> bytes:
        """Give a row's data key as another vault wraps it. Errors: `Altered`."""
        key = self._wrapping.open(wrapped, table, "data_key", row)
        return new._wrapping.seal(key, table, "data_key", row)

    def hand_index(self, purpose: str, new: Vault) -> bytes:
        """Give the key of a purpose's blind index, wrapped for another vault's `keep_index`."""
        return new._wrapping.seal(self._indexing(purpose), "practice", "index", purpose)

    def keep_index(self, purpose: str, wrapped: bytes) -> None:
        """Make a purpose's blind index with a handed-over key from now on. Errors: `Altered`."""
        self._kept[purpose] = self._wrapping.open(wrapped, "practice", "index", purpose)

    def secret_for(self, purpose: str, other_side: str) -> str:
        """Give a secret of 43 URL-safe characters to share with another side.

        It is the same at every call, and another one for another master key or other side; it
        tells nothing of either.
        """
        digest = hmac.digest(self._outside_key, f"{purpose}|{other_side}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")

    def age_identity(self) -> str:
        """Give the age identity that opens this practice's backups (a secret)."""
        return _bech32("age-secret-key-", self._backup_key).upper()

    def forget(self) -> None:
        """Drop every data key held in memory (after an erasure)."""
        self._open.cache_clear()


def _bech32(prefix: str, body: bytes) -> str:
    """Write bytes in Bech32 (BIP 173), as age writes its keys."""
    bits = int.from_bytes(body) << (-len(body) * 8 % 5)
    groups = [bits >> shift & 31 for shift in range((len(body) * 8 + 4) // 5 * 5 - 5, -1, -5)]
    spread = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = 1
    for value in [*spread, *groups, *[0] * 6]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, step in enumerate(_BECH32_STEPS):
            check ^= step if top >> i & 1 else 0
    check ^= 1
    groups += [check >> 5 * (5 - i) & 31 for i in range(6)]
    return prefix + "1" + "".join(_BECH32[group] for group in groups)


def new_master_key() -> bytes:
    """Make 32 random bytes for a new installation."""
    return os.urandom(_KEY)


def write_key(master: bytes) -> str:
    """Write a master key as the line of a key file and of the recovery sheet.

    Base32 in groups of four with a checksum, so that it can be read aloud and typed again.
    """
    body = master + hashlib.sha256(master).digest()[:_CHECKSUM]
    letters = base64.b32encode(body).decode().rstrip("=")
    return " ".join([_LABEL, *(letters[i : i + 4] for i in range(0, len(letters), 4))])


def _typed(line: str) -> str:
    """Give a line as it was meant: digits that Base32 has not stand for what they look like."""
    letters = "".join(line.split()).replace("-", "").upper()
    return letters.replace("0", "O").replace("1", "I").replace("8", "B")


def read_key(line: str) -> bytes:
    """Read a key line: case, spaces and dashes do not count. Errors: `KeyProblem`."""
    letters, label = _typed(line), _typed(_LABEL)
    if not letters.startswith(label):
        raise KeyProblem(f"a master key starts with {_LABEL}")
    letters = letters.removeprefix(label)
    try:
        body = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except ValueError:  # letters that Base32 has not, or a number of them that it cannot have
        raise KeyProblem("the master key has letters missing or too many") from None
    master, checksum = body[:_KEY], body[_KEY:]
    if len(master) != _KEY or hashlib.sha256(master).digest()[:_CHECKSUM] != checksum:
        raise KeyProblem("the master key has a typing mistake: its checksum does not match")
    return master


def load_vault(path: Path) -> Vault:
    """Open the vault with the key file at `path`. Errors: `KeyProblem` that says the remedy."""
    try:
        line = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KeyProblem(
            f"the master key {path} is missing. For a new practice run `rapport init`; for an "
            "existing one put the line from your recovery sheet into that file"
        ) from None
    except (OSError, UnicodeDecodeError) as problem:
        raise KeyProblem(f"the master key {path} cannot be read: {problem}") from None
    try:
        return Vault(read_key(line))
    except KeyProblem as problem:
        raise KeyProblem(
            f"{path} holds no usable master key: {problem}. Put the line from your recovery sheet "
            "into that file"
        ) from None


def begun_key_file(path: Path) -> Path:
    """Give where the next master key stands while the change to it is under way."""
    real = path.resolve()
    return real.with_name(f"{real.name}.new")


def find_begun_key(path: Path) -> bytes | None:
    """Give the next master key when a change to it was begun; one half written is none."""
    try:
        return read_key(begun_key_file(path).read_text(encoding="utf-8", errors="replace"))
    except (FileNotFoundError, KeyProblem):
        return None


def load_vaults(path: Path) -> list[Vault]:
    """Open the vaults that may fit the database: the key file's, then a begun change's.

    Errors: `KeyProblem`.
    """
    begun = find_begun_key(path)
    return [load_vault(path), *([Vault(begun)] if begun is not None else [])]


def write_key_file(path: Path, master: bytes, in_place_of: Path | None = None) -> None:
    """Write a new key file that only its owner can read. Errors: FileExistsError.

    Written by root, it belongs to whoever reads the key that it is `in_place_of`, or to whom its
    folder belongs to: the bot runs as that user.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        give_to_owner_of(descriptor, in_place_of or path.parent)
        file.write(write_key(master) + "\n")
        file.flush()
        os.fsync(file.fileno())
