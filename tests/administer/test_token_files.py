"""`boardcert token export` and `import`: all tokens for another person, under a password."""

import json
import stat

import pytest
from boardcert_host.board import token_files, tokens
from boardcert_host.cli import main

_TOKENS = {"kitchen.local": "abcdefghijklmnopqrstuvwx27", "[fd00::7]:443": "27" + "a" * 24}
_KEY = "sha256//RkRNzHZNo2LdBLSMtNYwVXIHTDTBIUpdTRVRGxUtB9k="
_PASSWORD = "correct horse"  # noqa: S105 (made up)


@pytest.fixture(autouse=True)
def given_password(monkeypatch):
    """Put the password in the environment, and make its derivation cheap."""
    monkeypatch.setenv("BOARDCERT_TOKENS_PASSWORD", _PASSWORD)
    monkeypatch.setattr(token_files, "_COST", 1 << 10)


@pytest.fixture
def exported(tmp_path, monkeypatch, capsys):
    """Export two tokens, and switch to another computer without tokens; return the file."""
    for host, token in _TOKENS.items():
        tokens.keep_token(host, _KEY, token)
    path = tmp_path / "handed over.json"
    assert main(["token", "export", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: 2 tokens, encrypted\n"
    monkeypatch.setenv("BOARDCERT_TOKENS", str(tmp_path / "other" / "tokens.json"))
    return path


def found():
    """Return what is on the key ring."""
    return {host: entry.token for host, entry in tokens.load_tokens().items()}


def test_tokens_arrive_at_another_computer(exported, capsys):
    """Exported tokens are encrypted; imported ones only their owner can read; twice is harmless."""
    assert stat.S_IMODE(exported.stat().st_mode) == 0o600
    assert not any(token in exported.read_text() for token in (*_TOKENS.values(), "kitchen"))
    assert main(["token", "import", str(exported), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["result"], told["new"], told["known"]) == ("imported", 2, 0)
    assert found() == _TOKENS and tokens.find_token(["unknown"], _KEY) is None
    assert main(["token", "import", str(exported)]) == 0
    assert "0 tokens added, 2 already known" in capsys.readouterr().out
    assert stat.S_IMODE(tokens.tokens_file().stat().st_mode) == 0o600


def test_another_token_is_never_replaced_silently(exported, capsys):
    """A different token is reported and kept; it is replaced on request only."""
    tokens.keep_token("kitchen.local", _KEY, "c" * 26)
    assert main(["token", "import", str(exported)]) == 1
    output = capsys.readouterr()
    assert "another token is on the key ring for kitchen.local" in output.err
    assert "--replace" in output.err and "nothing was changed" in output.err
    assert found() == {"kitchen.local": "c" * 26}
    assert not any(token in output.err for token in _TOKENS.values())
    assert main(["token", "import", str(exported), "--replace"]) == 0
    assert "2 tokens added" in capsys.readouterr().out
    assert found() == _TOKENS


def test_a_wrong_password_is_one_sentence(exported, capsys, tmp_path):
    """A wrong password, or a modified file, is reported in one sentence."""
    wrong = tmp_path / "password"
    wrong.write_text("battery staple\n")
    words = ["token", "import", str(exported)]
    assert main([*words, "--password-file", str(wrong)]) == 3
    assert capsys.readouterr().err == f"boardcert: wrong password, or {exported} is damaged\n"
    content = json.loads(exported.read_text())
    for name in ("salt", "nonce", "sealed"):
        first = "B" if content[name][0] == "A" else "A"
        exported.write_text(json.dumps(content | {name: first + content[name][1:]}))
        assert main(words) == 3
        assert "is damaged" in capsys.readouterr().err
    assert found() == {}
    wrong.write_text(_PASSWORD)
    exported.write_text(json.dumps(content))
    assert main([*words, "--password-file", str(wrong)]) == 0


_OTHERS = ["", "[]", "{", '{"boardcert_tokens": 1}', "[" * 100_000]
_OTHERS += ['{"boardcert_tokens": 1, "salt": "AA==", "nonce": "", "sealed": ""}']


@pytest.mark.parametrize("text", _OTHERS)
def test_another_file_is_one_sentence(text, tmp_path, capsys):
    """A file that is missing or contains no tokens is reported in one sentence."""
    path = tmp_path / "tokens.json"
    path.write_text(text)
    assert main(["token", "import", str(path)]) == 3
    output = capsys.readouterr().err
    assert "is not a file of tokens, or is damaged" in output and "Traceback" not in output
    path.unlink()
    assert main(["token", "import", str(path), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert "No such file" in told["error"]["message"] and "result" not in told


def test_a_newer_file_is_told(exported, capsys):
    """A file of a newer version is reported and not opened."""
    content = json.loads(exported.read_text()) | {"boardcert_tokens": 2}
    exported.write_text(json.dumps(content))
    assert main(["token", "import", str(exported)]) == 3
    assert "is of a newer boardcert" in capsys.readouterr().err


def test_wrong_words_are_usage_errors(exported, tmp_path, capsys, monkeypatch):
    """An export does not overwrite a file, and needs tokens and a password that is long enough."""
    path = str(exported)
    for words in (["export"], ["import"], ["kitchen", path], ["export", path, "--forget"],
                  ["kitchen", "--replace"], ["import", path, "--usb", "PORT"]):  # fmt: skip
        assert main(["token", *words]) == 2, words
    assert main(["token", "export", path]) == 3
    assert "exists already" in capsys.readouterr().err
    assert main(["token", "export", path, "--force"]) == 3
    assert "there is no token" in capsys.readouterr().err
    tokens.keep_token("kitchen.local", _KEY, _TOKENS["kitchen.local"])
    assert main(["token", "export", path, "--force"]) == 0
    monkeypatch.setenv("BOARDCERT_TOKENS_PASSWORD", "short")
    assert main(["token", "export", str(tmp_path / "new.json")]) == 2
