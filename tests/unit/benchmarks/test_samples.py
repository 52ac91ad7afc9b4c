"""Question files: our format, and LoCoMo's with the irregularities that its files have."""

import json

import pytest

from benchmarks.retrieval.measuring import OWN
from benchmarks.retrieval.samples import NotUnderstood, collections_of, read

OURS = {
    "collections": [
        {
            "id": "shop",
            "passages": [
                {"id": 1, "text": "We open at nine.", "session": "a", "speaker": "Amina", "time": "2025-01-09"},
                {"id": 2, "text": "Thanks!"},
            ],
            "questions": [
                {"question": "When do they open?", "evidence": [1], "category": "time"},
                {"question": "Who knows?", "evidence": []},
                {"question": "And that?", "evidence": [7]},
            ],
        }
    ]
}

LOCOMO = [
    {
        "sample_id": "conv-1",
        "conversation": {
            "speaker_a": "Ana",
            "speaker_b": "Ben",
            "session_10_date_time": "4:10 pm on 9 June, 2023",
            "session_10": [{"speaker": "Ben", "dia_id": "D10:1", "text": "Back again."}],
            "session_2_date_time": "1:56 pm on 8 May, 2023",
            "session_2": [
                {"speaker": "Ana", "dia_id": "D2:1", "text": "Look!", "blip_caption": "a photo of a red kite"},
                {"speaker": "Ben", "dia_id": "D2:2", "img_url": ["…"], "blip_caption": "a photo of a lake"},
                {"speaker": "Ben", "dia_id": "D2:2", "text": "a second turn of this id"},
            ],
            "session_11_date_time": "a session that has no turns",
            "session_12": None,
        },
        "qa": [
            {"question": "one string with two", "evidence": ["D2:1; D2:2"], "answer": "x", "category": 1},
            {"question": "a leading zero", "evidence": ["D2:02"], "answer": 2022, "category": 2},
            {"question": "a colon too many", "evidence": ["D:10:1"], "category": 3},
            {"question": "spaces between", "evidence": "D2:1 D10:1", "category": 4},
            {"question": "one known, one not", "evidence": ["D2:1", "D99:1", "D"], "category": 4},
            {"question": "none known", "evidence": ["D99:1"], "category": 4},
            {"question": "none", "evidence": [], "category": 4},
            {"question": "not even the field", "category": 4},
            {"question": "no answer", "evidence": ["D2:1"], "adversarial_answer": "x", "category": 5},
        ],
        "observation": {},
    }
]


def test_our_format():
    [shop] = collections_of(OURS)
    assert [(each.id, each.text, each.session, each.speaker, each.time) for each in shop.passages] == [
        ("1", "We open at nine.", "a", "Amina", "2025-01-09"),
        ("2", "Thanks!", "", None, None),
    ]
    [question] = shop.questions
    assert (question.text, question.evidence, question.category) == ("When do they open?", {"1"}, "time")
    assert shop.left_out == 2
    assert shop.names == {"Amina"}
    assert shop.only(["time"]).questions == (question,)
    assert shop.only(["place"]).questions == ()


def test_locomo_turns_come_session_by_session_with_captions_and_dates():
    [conversation] = collections_of(LOCOMO)
    assert conversation.id == "conv-1"
    assert [(each.id, each.text, each.session, each.time) for each in conversation.passages] == [
        ("D2:1", "Look! [picture: a photo of a red kite]", "2", "1:56 pm on 8 May, 2023"),
        ("D2:2", "[picture: a photo of a lake]", "2", "1:56 pm on 8 May, 2023"),
        ("D10:1", "Back again.", "10", "4:10 pm on 9 June, 2023"),
    ]
    assert conversation.names == {"Ana", "Ben"}


def test_locomo_evidence_is_understood_however_it_is_written():
    [conversation] = collections_of(LOCOMO)
    assert {each.text: set(each.evidence) for each in conversation.questions} == {
        "one string with two": {"D2:1", "D2:2"},
        "a leading zero": {"D2:2"},
        "a colon too many": {"D10:1"},
        "spaces between": {"D2:1", "D10:1"},
        "one known, one not": {"D2:1"},
    }
    assert conversation.left_out == 4


def test_questions_without_an_answer_come_on_request():
    [conversation] = collections_of(LOCOMO, adversarial=True)
    assert "no answer" in [each.text for each in conversation.questions]
    assert conversation.left_out == 3


def test_one_sample_without_its_list_is_read_too():
    assert collections_of(LOCOMO[0]) == [
        *collections_of([{**LOCOMO[0], "sample_id": "conv-1"}]),
    ]


@pytest.mark.parametrize(
    "loaded", [[], {}, [1], {"collections": [{}]}, {"collections": None}, [{"qa": []}], "text", None]
)
def test_what_is_in_neither_format_is_refused(loaded):
    with pytest.raises(NotUnderstood):
        collections_of(loaded, "file.json")


def test_a_file_that_is_not_json_is_named(tmp_path):
    path = tmp_path / "questions.json"
    path.write_text("{")
    with pytest.raises(NotUnderstood, match=r"questions\.json: is not JSON"):
        read(path)


def test_our_own_questions_have_their_evidence_and_do_not_repeat_it_whole():
    asked = json.loads(OWN.read_text(encoding="utf-8"))["collections"]
    found = read(OWN)
    assert sum(len(each.questions) for each in found) == sum(len(each["questions"]) for each in asked) > 250
    assert all(each.left_out == 0 for each in found)
