"""OAuth clients: from code, from a file, and never in a repr or an error."""

import json

import pytest
from support.told import refused

from holdfast import OAuthClient, Settings
from holdfast.core.settings import from_environment

GOOD = {"client_id": "id", "client_secret": "hidden"}


def write(tmp_path, text, mode=0o600):
    path = tmp_path / "clients.json"
    path.write_text(text)
    path.chmod(mode)
    return {"HOLDFAST_OAUTH_CLIENTS": str(path)}


def test_a_file_names_the_clients(tmp_path):
    made = from_environment(write(tmp_path, json.dumps({"google_ads": GOOD})))
    assert made.oauth_clients == {"google_ads": OAuthClient(client_id="id", client_secret="hidden")}
    assert "hidden" not in repr(made)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_that_others_read_is_refused(tmp_path, mode):
    refused("invalid_input", "others can read", from_environment, write(tmp_path, "{}", mode))


@pytest.mark.parametrize(
    "text",
    [
        "hidden",
        "[]",
        '{"google_ads": "hidden"}',
        '{"google_ads": {"client_id": "x"}}',
        json.dumps({"google_ads": {**GOOD, "hidden": 1}}),
        json.dumps({"google_ads": {**GOOD, "client_secret": ""}}),
        json.dumps({"google_ads": {**GOOD, "client_id": 5}}),
        json.dumps({"google_ads": {**GOOD, "token_url": "http://example.test/hidden"}}),
        json.dumps({"google_ads": {**GOOD, "revoke_url": "https://hidden@example.test/"}}),
    ],
)
def test_a_file_that_is_not_right_is_refused_and_not_repeated(tmp_path, text):
    said = refused("invalid_input", "", from_environment, write(tmp_path, text))
    assert "hidden" not in said


def test_a_file_that_is_not_there_is_named(tmp_path):
    refused("invalid_input", "none.json", from_environment, {"HOLDFAST_OAUTH_CLIENTS": str(tmp_path / "none.json")})


def test_settings_take_clients_and_check_them():
    client = OAuthClient(client_id="id", client_secret="hidden", token_url="http://127.0.0.1:1/token")
    assert Settings(oauth_clients={"google_ads": client}).oauth_clients == {"google_ads": client}
    refused("invalid_input", "oauth_clients", Settings, oauth_clients={"google_ads": "hidden"})
