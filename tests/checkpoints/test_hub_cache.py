"""What was fetched from the hub lies in the cache of its library, by commit: revisions, parts, and what is missing."""

import os
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants

import tiny_hub
from pvt_viz.checkpoints import hub, hub_cache
from tiny_hub import (
    BREAK,
    CONFIG,
    FILES,
    ID,
    PREPROCESSOR,
    SHARDED,
    TOTAL,
    WEIGHTS,
    blobs,
    refusal,
)

server = tiny_hub.server


def test_the_tests_keep_off_the_persons_own_cache(server):
    assert "home" in str(hub_cache.cache_folder())
    assert os.environ["HF_ENDPOINT"].startswith("http://127.0.0.1:")


def test_the_cache_is_the_librarys(server, tmp_path):
    folder = hub.fetch(hub.offer(ID))
    options = {"cache_dir": tmp_path / "home" / "hub"}
    assert huggingface_hub.try_to_load_from_cache(ID, "model.safetensors", **options) == str(
        folder / "model.safetensors"
    )
    [repo] = huggingface_hub.scan_cache_dir(**options).repos
    [revision] = repo.revisions
    assert (repo.repo_id, repo.repo_type, revision.commit_hash, revision.refs) == (
        ID,
        "model",
        server.commit(ID),
        {"main"},
    )
    assert {file.file_name for file in revision.files} == set(hub.offer(ID).files)
    server.forget()
    names = hub.offer(ID).files
    at = huggingface_hub.snapshot_download(ID, local_files_only=True, allow_patterns=list(names), **options)
    assert at == str(folder)


def test_what_the_library_fetched_is_opened(server, monkeypatch, tmp_path):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)  # else it asks elsewhere who calls it
    options = {"cache_dir": tmp_path / "home" / "hub", "endpoint": server.url, "token": False}
    for name in ("config.json", "model.safetensors"):
        assert hub.cached(ID) is None
        path = huggingface_hub.hf_hub_download(ID, name, **options)
    assert hub.cached(ID) == Path(path).parent
    there = hub.offer(ID)
    assert there.bytes - there.already == len(PREPROCESSOR)
    server.forget()
    assert hub.fetch(there) == Path(path).parent
    assert server.sent == len(PREPROCESSOR)


def test_a_new_commit_fetches_only_what_changed(server):
    old = hub.fetch(hub.offer(ID))
    server.models[ID]["config.json"] = changed = b'{"model_type": "pvt", "more": 1}'
    assert hub.cached(ID) == old
    there = hub.offer(ID)
    assert there.bytes - there.already == len(changed)
    server.forget()
    new = hub.fetch(there)
    assert new != old
    assert server.sent == len(changed)
    assert hub.cached(ID) == new
    assert (new / "config.json").read_bytes() == changed
    assert (new / "model.safetensors").read_bytes() == WEIGHTS
    assert (old / "config.json").read_bytes() == CONFIG


def test_a_new_commit_on_its_way_does_not_hide_the_old(server):
    old = hub.fetch(hub.offer(ID))
    server.models[ID]["model.safetensors"] = WEIGHTS[::-1]
    there = hub.offer(ID)
    server.breaks_after = BREAK
    refusal(hub.fetch, there)
    assert hub.cached(ID) == old


def test_revisions(server):
    commit = server.commit(ID)
    assert refusal(hub.offer, f"{ID}@v2") == "someone/tiny has no revision v2."
    folder = hub.fetch(hub.offer(f"{ID}@v1"))
    assert hub.cached(f"{ID}@v1") == hub.cached(f"{ID}@{commit}") == folder
    assert hub.cached(ID) is None  # main may be another commit: nobody has asked
    assert hub.offer(ID).already == TOTAL
    assert hub.offer(f"{ID}@{commit}").commit == commit
    assert f"/api/models/{ID}/revision/v1" in server.asked()


def test_a_revision_with_a_slash(server):
    assert refusal(hub.offer, f"{ID}@refs/pr/1") == "someone/tiny has no revision refs/pr/1."
    assert server.asked() == [f"/api/models/{ID}/revision/refs%2Fpr%2F1"]
    assert hub.cached(f"{ID}@refs/pr") is None


def test_shards(server):
    server.add(ID, dict(SHARDED))
    there = hub.offer(ID)
    assert there.files == (
        "config.json",
        "model.safetensors.index.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    )
    assert there.bytes == sum(map(len, SHARDED.values()))
    folder = hub.fetch(there)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == SHARDED
    assert hub.cached(ID) == folder
    (folder / "model-00002-of-00002.safetensors").unlink()
    assert hub.cached(ID) is None


def test_one_file_is_preferred_to_shards(server):
    server.add(ID, {**SHARDED, "model.safetensors": WEIGHTS})
    assert hub.offer(ID).files == ("config.json", "model.safetensors")


@pytest.mark.parametrize(
    "index",
    [
        b'{"weight_map": {"a": "model-00001-of-00003.safetensors"}}',
        b'{"weight_map": {"a": "../model-00001-of-00002.safetensors"}}',
        b'{"weight_map": {"a": "/etc/passwd"}}',
        b'{"weight_map": {}}',
        b'{"weight_map": ["a"]}',
        b"[]",
        b"\xff",
    ],
)
def test_an_index_of_other_files(server, index):
    server.add(ID, {**SHARDED, "model.safetensors.index.json": index})
    there = hub.offer(ID)
    assert refusal(hub.fetch, there) == "someone/tiny names weights files in its index that it does not have."
    assert "model-00001" not in " ".join(server.asked())  # said before the weights come
    assert hub.cached(ID) is None


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_a_cache_that_lacks_a_file(server, missing):
    there = hub.offer(ID)
    folder = hub.fetch(there)
    (folder / missing).resolve().unlink()  # as a person who tidies up the cache does
    assert hub.cached(ID) is None
    server.forget()
    assert hub.fetch(there) == folder
    assert server.sent == len(FILES[missing])


@pytest.mark.parametrize("said", ["", "../../../../elsewhere", "0" * 40, "\0"])
def test_a_reference_to_nowhere(server, tmp_path, said):
    hub.fetch(hub.offer(ID))
    (blobs(tmp_path).parent / "refs" / "main").write_text(said)
    assert hub.cached(ID) is None


def test_a_disk_without_links(server, monkeypatch):
    def refuse(*_args, **_options):
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    folder = hub.fetch(hub.offer(ID))
    assert hub.cached(ID) == folder
    assert not (folder / "model.safetensors").is_symlink()
    assert hub.offer(ID).already == TOTAL


@pytest.mark.parametrize("name, below", [("HF_HOME", "hub"), ("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", "")])
def test_the_cache_is_where_the_environment_says(server, monkeypatch, tmp_path, name, below):
    monkeypatch.setenv(name, str(tmp_path / "there"))
    assert (tmp_path / "there" / below) in hub.fetch(hub.offer(ID)).parents


def test_without_a_word_in_the_environment_the_cache_is_the_librarys_own(monkeypatch):
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    assert hub_cache.cache_folder() == Path(constants.HF_HUB_CACHE)
