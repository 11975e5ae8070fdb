"""Weights are present only once their digest was found right, and while nobody touches them."""

import hashlib

import pytest

from gitagent.errors import ConfigError
from gitagent.llm.local.weights import QWEN_CODER, Weights, known, path, present, verify

DATA = b"weights" * 1000


@pytest.fixture
def weights():
    digest = hashlib.sha256(DATA).hexdigest()
    return Weights("tiny", "tiny.gguf", digest, len(DATA), "http://127.0.0.1:1/tiny.gguf")


def test_an_unchecked_file_is_not_present(weights, tmp_path):
    """A file of the right name and size is nothing before its digest was found right."""
    path(weights, tmp_path).write_bytes(DATA)
    assert not present(weights, tmp_path)
    assert verify(weights, tmp_path, path(weights, tmp_path))
    assert present(weights, tmp_path)


def test_a_changed_file_is_not_present(weights, tmp_path):
    """A change after the check, even one that keeps the size, is seen without hashing."""
    file = path(weights, tmp_path)
    file.write_bytes(DATA)
    verify(weights, tmp_path, file)
    file.write_bytes(DATA[:-1] + b"!")
    assert not present(weights, tmp_path)
    assert not verify(weights, tmp_path, file)


def test_the_parts_of_the_known_weights_add_up():
    """The 22 slices are as long as the file they make."""
    assert len(QWEN_CODER.parts) == 22
    assert sum(part.size for part in QWEN_CODER.parts) == QWEN_CODER.size


def test_an_unknown_name_is_a_configuration_error():
    """A name that we do not know is said together with those that we do."""
    with pytest.raises(ConfigError) as caught:
        known("gpt-17")
    assert "qwen2.5-coder-1.5b" in caught.value.hint
