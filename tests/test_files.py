import pytest
import yaml

from tongshi.files import read_yaml


def test_a_file_is_read_in_any_script_and_one_that_is_none_is_told(tmp_path):
    (tmp_path / "a.yml").write_text("said:\n  th: สวัสดี\n  zh: [你好, 1]\n", "utf-8")
    assert read_yaml(tmp_path / "a.yml") == {"said": {"th": "สวัสดี", "zh": ["你好", 1]}}
    (tmp_path / "b.yml").write_text("said: [", "utf-8")
    with pytest.raises(yaml.YAMLError):
        read_yaml(tmp_path / "b.yml")
    with pytest.raises(OSError):
        read_yaml(tmp_path / "c.yml")
