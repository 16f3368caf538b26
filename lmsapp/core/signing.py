"""Signing keys (Ed25519, RFC 8032): a folder with every key's public part and the newest's private part.

Old public parts stay for ever, since what they signed must go on verifying. Private parts are readable by their owner
alone and are not part of a backup. What is signed begins with its kind, so that no signature can be taken for another.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmsapp.core import clock
from lmsapp.core.errors import Invalid
from lmsapp.core.translations import N_

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True)
class PublicKey:
    """What everybody may know of a key. `id` is the beginning of the digest of `octets`, its 32 octets."""

    id: str
    octets: bytes
    valid_from: datetime
    valid_until: datetime | None = None
    compromised_at: datetime | None = None

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether this key made this signature; says nothing about when."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see below

        try:
            _ed25519().Ed25519PublicKey.from_public_bytes(self.octets).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def trusted_at(self, moment: datetime) -> bool:
        """Whether something dated `moment` may carry this key's signature: in its time, before it was compromised."""
        ends = [end for end in (self.valid_until, self.compromised_at) if end is not None]
        return self.valid_from <= moment and all(moment <= end for end in ends)


def verifies_device(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a browser's key (ECDSA on P-256; the key an uncompressed point, the signature r and s) made this signature."""
    if len(signature) != 64:
        return False
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see below
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
        key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


class KeyRing:
    """The keys of an installation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: dict[str, PublicKey] = {}
        self._private: tuple[str, Ed25519PrivateKey] | None = None
        self._load()

    @classmethod
    def load_or_create(cls, folder: Path) -> "KeyRing":
        """The ring in `folder`, with a first key when none can sign. Raises Invalid when a key file can't be used."""
        ring = cls(folder)
        if ring._newest() is None:
            with _alone(folder):
                ring._load()
                if ring._newest() is None:
                    ring._add(clock.now())
        ring._unlock()
        return ring

    @property
    def current(self) -> PublicKey:
        """The key that signs now."""
        return self._keys[self._unlock()[0]]

    def sign(self, message: bytes) -> tuple[str, bytes]:
        """The id of the current key and its signature of 64 octets."""
        key_id, private = self._unlock()
        return key_id, private.sign(message)

    def verify(self, key_id: str, signature: bytes, message: bytes) -> bool:
        """Whether the key of that id, present or past, made this signature; False for a key that is not ours."""
        key = self._keys.get(key_id)
        return key is not None and key.verifies(signature, message)

    def public_keys(self) -> tuple[PublicKey, ...]:
        """Every key there ever was, oldest first."""
        return tuple(sorted(self._keys.values(), key=lambda key: (key.valid_from, key.id)))

    def find(self, key_id: str) -> PublicKey | None:
        """The public part of a key."""
        return self._keys.get(key_id)

    def rotate(self) -> PublicKey:
        """A new key signs from now on; the old one's private part is destroyed, its public part stays."""
        with _alone(self._folder):
            self._load()  # another process may have rotated
            now, old = clock.now(), self._newest()
            new = self._add(now)
            if old is not None:
                self._keep(replace(old, valid_until=now))
                self._key_file(old.id).unlink(missing_ok=True)
            self._private = None
        return new

    def mark_compromised(self, key_id: str, at: datetime) -> None:
        """From `at` on nothing signed by this key is believed; a new key takes over if it was the current one."""
        if key_id not in self._keys:
            raise Invalid(N_("There is no key %(key)s here."), key=key_id)
        if (newest := self._newest()) is not None and newest.id == key_id:
            self.rotate()
        self._keep(replace(self._keys[key_id], compromised_at=at))

    def _load(self) -> None:
        self._keys = {key.id: key for key in map(_read, sorted(self._folder.glob("*.json")))}
        self._private = None

    def _newest(self) -> PublicKey | None:
        usable = [
            key
            for key in self.public_keys()
            if key.valid_until is None and key.compromised_at is None and self._key_file(key.id).exists()
        ]
        return usable[-1] if usable else None

    def _unlock(self) -> tuple[str, "Ed25519PrivateKey"]:
        if self._private is None:
            newest = self._newest()
            if newest is None:
                raise Invalid(N_("There is no private key in %(folder)s."), folder=str(self._folder))
            self._private = newest.id, _read_private(self._key_file(newest.id), newest)
        return self._private

    def _add(self, now: datetime) -> PublicKey:
        private = _ed25519().Ed25519PrivateKey.generate()
        octets = private.public_key().public_bytes_raw()
        key = PublicKey(_id(octets), octets, valid_from=now)
        _write(self._key_file(key.id), private.private_bytes_raw().hex(), 0o600)
        self._keep(key)  # last: a private part without its public part is a key that never was
        return key

    def _keep(self, key: PublicKey) -> None:
        values = asdict(key) | {"octets": key.octets.hex()}
        text = json.dumps({k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()}, indent=1)
        _write(self._folder / f"{key.id}.json", text + "\n", 0o644)
        self._keys[key.id] = key

    def _key_file(self, key_id: str) -> Path:
        return self._folder / f"{key_id}.key"


@cache
def _ed25519() -> Any:
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - 10 MB that most pages never need

    return ed25519


def _read(path: Path) -> PublicKey:
    try:
        values = json.loads(path.read_text(encoding="ascii"))
        key = PublicKey(
            id=values["id"],
            octets=bytes.fromhex(values["octets"]),
            valid_from=datetime.fromisoformat(values["valid_from"]),
            valid_until=_moment(values["valid_until"]),
            compromised_at=_moment(values["compromised_at"]),
        )
    except (ValueError, KeyError, TypeError) as problem:
        raise _damaged(path) from problem
    if key.id != path.stem or _id(key.octets) != key.id:
        raise _damaged(path)
    return key


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _id(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()[:8]


def _damaged(path: Path) -> Invalid:
    return Invalid(N_("The key file %(path)s is damaged; put back the copy kept apart."), path=str(path))


def _read_private(path: Path, public: PublicKey) -> "Ed25519PrivateKey":
    if path.stat().st_mode & 0o077:
        raise Invalid(N_("Others can read the key file %(path)s. Run: chmod 600 %(path)s"), path=str(path))
    try:
        octets = bytes.fromhex(path.read_text(encoding="ascii"))
        private: Ed25519PrivateKey = _ed25519().Ed25519PrivateKey.from_private_bytes(octets)
    except ValueError as problem:
        raise _damaged(path) from problem
    if private.public_key().public_bytes_raw() != public.octets:
        raise _damaged(path)
    return private


def _write(path: Path, text: str, mode: int) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two processes that start at once make one key, not two."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
