"""The effect of a language model's assessments on matching."""

from digest.matching import Assessments, Index, Interest, Match, match
from digest.matching.assembly import assemble_index
from digest.matching.scoring_weights import BORDERLINE
from subscriptions.query.grammar import parse
from tests.digest.matching.test_matching import paper

SURE = paper("Agents for Agents", abstract="Agents.")
BORDER = paper("Tools of Search", abstract="We search the web with tools that are good. " * 5 + "It helps agents.")
OTHER = paper("Cooking with Gas")
PAPERS = [SURE, BORDER, OTHER]


def interest(words: str = "agents", *, is_assessed: bool = True) -> Interest:
    return Interest("Your words", parse(words), is_assessed=is_assessed)


def assessed(interest: Interest, *, fits: bool) -> Assessments:
    return {interest.assessment_key: {BORDER.key: fits}}


def titles(found: list[Match]) -> list[str]:
    return [match.paper.title for match in found]


def test_papers_with_weak_evidence_are_borderline() -> None:
    ((number, likely),) = Index(PAPERS).borderline(interest()).items()
    assert PAPERS[number] is BORDER
    assert BORDERLINE[0] < likely < BORDERLINE[1]


def test_a_yes_adds_a_borderline_paper_and_says_so() -> None:
    asked = interest()
    assert titles(match(Index(PAPERS), [asked], amount="fewer")) == [SURE.title]
    found = match(Index(PAPERS, assessments=assessed(asked, fits=True)), [asked], amount="fewer")
    assert titles(found) == [SURE.title, BORDER.title]
    assert [(reason.kind, reason.found) for reason in found[1].reasons] == [
        ("assessment", "agents"),
        ("phrase", "agents"),
    ]
    assert {reason.kind for reason in found[0].reasons} == {"phrase"}


def test_a_no_removes_a_borderline_paper() -> None:
    asked = interest()
    assert titles(match(Index(PAPERS), [asked])) == [SURE.title, BORDER.title]
    assert titles(match(Index(PAPERS, assessments=assessed(asked, fits=False)), [asked], amount="more")) == [SURE.title]


def test_a_no_does_not_remove_what_is_asked_for_word_for_word() -> None:
    asked = interest('tools, "agents"')
    index = Index(PAPERS, assessments=assessed(asked, fits=False))
    assert BORDER.title in titles(match(index, [asked]))


def test_words_that_a_visitor_tries_show_nothing_of_what_readers_asked() -> None:
    index = Index(PAPERS, assessments=assessed(interest(), fits=False))
    tried = interest(is_assessed=False)
    assert match(index, [interest()]) != match(index, [tried])
    assert titles(match(index, [tried])) == titles(match(Index(PAPERS), [tried]))


def test_it_works_for_topics_and_for_broader_ones() -> None:
    topic = Interest("Agents", parse('"agents"'), "What agents do", by_hand=True, is_assessed=True)
    broader = Interest("All", parse(""), "All of it", narrower=(topic,), is_assessed=True)
    index = Index(PAPERS, assessments={topic.assessment_key: {SURE.key: False}})
    for asked in (topic, broader):
        (before,) = (likely for likely, number in Index(PAPERS).rank(asked) if PAPERS[number] is SURE)
        (after,) = (likely for likely, number in index.rank(asked) if PAPERS[number] is SURE)
        assert after < before


def test_the_same_words_have_the_same_assessments_whatever_else_is_asked() -> None:
    key = interest("Reward  models, about: how they fail").assessment_key
    assert interest("reward models, votes:5, -survey, about: how they fail").assessment_key == key
    assert interest("reward models, about: how they win").assessment_key != key


def test_exact_phrases_and_rules_alone_describe_no_interest() -> None:
    assert interest('"agents", author:Ada Lovelace, cat:cs.LG').description == ""
    assert interest("agents, world models, about: what they know").description == "agents; world models; what they know"


def test_answers_about_a_topic_change_no_reader_s_own_words() -> None:
    topic = Interest("Agents at work", parse('"agents"'), "What agents do", by_hand=True, is_assessed=True)
    own = Interest("Your words", parse("agents at work"), is_assessed=True)
    answers = {topic.assessment_key: {paper.key: False for paper in PAPERS}}
    before = assemble_index(PAPERS, [topic])
    assert before.rank(own) == assemble_index(PAPERS, [topic], assessments=answers).rank(own)
    assert before.rank(topic) != assemble_index(PAPERS, [topic], assessments=answers).rank(topic)
